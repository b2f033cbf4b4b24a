import { type AddressInfo, createServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import { encodeRequest, openSocket } from './connection.js';

const target = {
  host: '127.0.0.1',
  port: 6443,
  serverName: undefined,
  authorization: 'Bearer t',
  secureContext: createSecureContext({}),
  verify: true,
  connectTimeoutMs: 300,
};

test('requests say who and what', () => {
  const text = encodeRequest(target, 'POST', '/x', { body: 'ä' }).toString();
  expect(text).toMatch(/^POST \/x HTTP\/1\.1\r\nHost: 127\.0\.0\.1:6443\r\n/);
  expect(text).toContain('Authorization: Bearer t\r\n');
  expect(text).toMatch(/Content-Length: 2\r\n\r\nä$/);
});

test('a request without a body has no length', () => {
  expect(encodeRequest(target, 'GET', '/x').toString()).not.toContain('Content-');
});

/** A port with a server that takes connections and never says anything. */
async function silentServer(): Promise<{ port: number; close(): void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

test('a server that is away is named', async () => {
  const { port, close } = await silentServer();
  close();
  await expect(openSocket({ ...target, port })).rejects.toThrow(
    `no connection to 127.0.0.1:${port}: connect ECONNREFUSED`,
  );
});

test('a server that does not greet is not waited for', async () => {
  const { port, close } = await silentServer();
  await expect(openSocket({ ...target, port })).rejects.toThrow('no answer within 0.3 s');
  close();
});
