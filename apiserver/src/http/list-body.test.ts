import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Exchange } from './exchange.js';
import { type ListBody, sendPieces } from './list-body.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers every request with this body. */
async function serve(body: () => ListBody): Promise<number> {
  const listening = createServer((request, response) => {
    const exchange = { request, response, warnings: { isEmpty: true } } as unknown as Exchange;
    sendPieces(exchange, body(), 'application/json').catch(() => response.destroy());
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
}

function ask(
  port: number,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

const gzip = { 'Accept-Encoding': 'gzip' };
const text = (index: number): string => `${index}`.padEnd(1000, 'x');
const all = (count: number): string => Array.from({ length: count }, (_, index) => text(index)).join('');

function* pieces(count: number, onMade: () => void = () => undefined): Generator<Buffer> {
  for (let index = 0; index < count; index++) {
    onMade();
    yield Buffer.from(text(index));
  }
}

test('a short body has a length and is not compressed, whether or not its size was known', async () => {
  for (const body of [{ pieces: pieces(3) }, { size: 3000, pieces: pieces(3) }]) {
    const { headers, body: received } = await ask(await serve(() => body), { headers: gzip });
    expect([headers['content-length'], headers['content-encoding']]).toEqual(['3000', undefined]);
    expect(received.toString()).toBe(all(3));
    server?.close();
  }
});

test('a long body of unknown size comes in chunks, compressed for who wants it', async () => {
  const port = await serve(() => ({ pieces: pieces(1000) }));
  const plain = await ask(port);
  expect([plain.headers['transfer-encoding'], plain.headers['content-length']]).toEqual(['chunked', undefined]);
  expect(plain.body.toString()).toBe(all(1000));
  const compressed = await ask(port, { headers: gzip });
  expect(compressed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(compressed.body).toString()).toBe(all(1000));
});

test('HEAD has the headers alone', async () => {
  const { headers, body } = await ask(await serve(() => ({ pieces: pieces(1000) })), { method: 'HEAD' });
  expect([headers['content-type'], body.length]).toEqual(['application/json', 0]);
});

test('pieces for a client that does not read are not made, and those of one that goes away never', async () => {
  let made = 0;
  const count = 100_000;
  const port = await serve(() => ({ pieces: pieces(count, () => made++) }));
  await new Promise<void>((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, agent: false }, (response) => {
      // Nobody reads: what the buffers on the way take is made, and no more.
      let before = -1;
      const timer = setInterval(() => {
        if (made !== before) {
          before = made;
          return;
        }
        clearInterval(timer);
        response.destroy();
        resolve();
      }, 100);
    });
    asked.on('error', reject);
    asked.end();
  });
  expect(made).toBeGreaterThan(100);
  expect(made).toBeLessThan(count / 2);
  const after = made;
  expect((await ask(port, { method: 'HEAD' })).body.length).toBe(0);
  expect(made).toBeLessThan(after + 300);
});
