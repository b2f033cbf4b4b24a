import { cidrWarnings, ipWarnings } from './address-warnings.js';

const later = 'will be considered invalid in a future Kubernetes release';

it.each([
  ['10.0.0.1', []],
  ['fd00::1', []],
  ['not an address', []],
  ['010.0.0.1', [`f: non-standard IP address "010.0.0.1" ${later}: use "10.0.0.1"`]],
  ['::ffff:10.0.0.1', [`f: non-standard IP address "::ffff:10.0.0.1" ${later}: use "10.0.0.1"`]],
  ['FD00:0::1', ['f: IPv6 address "FD00:0::1" should be in RFC 5952 canonical format ("fd00::1")']],
])('the address %s', (value, expected) => {
  expect(ipWarnings(value, 'f')).toEqual(expected);
});

it.each([
  ['10.0.0.0/8', []],
  ['fd00::/64', []],
  ['nonsense/8', []],
  [
    '10.0.0.5/24',
    ['f: CIDR value "10.0.0.5/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.5/32"?)'],
  ],
  ['010.0.0.0/8', [`f: non-standard CIDR value "010.0.0.0/8" ${later}: use "10.0.0.0/8"`]],
  ['FD00::/64', ['f: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")']],
])('the range %s', (value, expected) => {
  expect(cidrWarnings(value, 'f')).toEqual(expected);
});
