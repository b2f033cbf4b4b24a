import { createServer } from 'node:net';

/**
 * Ports below Linux's ephemeral range (32768 and up): no outgoing connection of anybody can take one between the moment it was found free and the
 * moment a server binds it.
 */
const first = 15_000;
const last = 32_000;
const attempts = 200;

/** A TCP port of the loopback address that was free a moment ago. Fails when 200 ports in a row are taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = first + Math.floor(Math.random() * (last - first));
    if (await isFree(port)) return port;
  }
  throw new Error(`found no free port between ${first} and ${last}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
