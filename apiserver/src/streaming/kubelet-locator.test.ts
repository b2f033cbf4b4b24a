import { isGlobalUnicast } from './kubelet-locator.js';

test.each([
  ['10.0.0.1', true],
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['169.254.169.254', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['fe80::1', false],
  ['2001:db8::1', true],
  ['', false],
  ['localhost', false],
])('%s may be proxied to: %s', (address, expected) => {
  expect(isGlobalUnicast(address)).toBe(expected);
});
