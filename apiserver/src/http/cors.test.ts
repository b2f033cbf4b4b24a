import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCors, validateCorsOrigins } from './cors.js';

let server: Server;
let url: string;

beforeAll(async () => {
  const cors = createCors(['^https://[a-z]+\\.example\\.com$', '//localhost(:|$)']);
  server = createServer((request, response) => {
    if (!cors(request, response)) response.writeHead(200).end('answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (origin: string | undefined, method = 'GET'): Promise<Response> =>
  fetch(url, { method, headers: origin === undefined ? {} : { origin } });

test.each(['https://ui.example.com', 'http://localhost', 'http://localhost:4466'])('%s may read', async (origin) => {
  const answer = await ask(origin);
  expect(await answer.text()).toBe('answer');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
    'access-control-expose-headers': 'Date',
  });
  const preflight = await ask(origin, 'OPTIONS');
  expect([preflight.status, await preflight.text()]).toEqual([204, '']);
});

test.each([undefined, 'https://evil.com', 'https://ui.example.com.evil.com', 'http://localhost.evil.com'])(
  '%s gets an answer that a browser does not show it',
  async (origin) => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(origin, method);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null]);
    }
  },
);

test('patterns that are none, or that do not pin the host, are refused', () => {
  const prefix = '--cors-allowed-origins has an invalid regular expression: ';
  const unpinned = `${prefix}regular expression does not pin to start/end of host in the origin header`;
  expect(validateCorsOrigins(['^https://a$', '//b(:|$)'])).toEqual([]);
  expect(validateCorsOrigins(['example.com', '^https//example'])).toEqual([unpinned, unpinned]);
  expect(validateCorsOrigins(['^(https://a$'])).toEqual([expect.stringContaining(prefix)]);
});
