import { createSecureContext } from 'node:tls';
import { encodeRequest } from './connection.js';

const target = {
  host: '127.0.0.1',
  port: 6443,
  serverName: undefined,
  authorization: 'Bearer t',
  secureContext: createSecureContext({}),
  verify: true,
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
