import { bipOf, bridgeAddress, withBip } from './pod-cidr.js';

test.each([
  ['10.244.1.0/24', '10.244.1.1/24'],
  ['10.244.3.77/26', '10.244.3.65/26'],
  ['200.0.0.0/8', '200.0.0.1/8'],
  ['fd00::/64,10.244.2.0/24', '10.244.2.1/24'],
])('%s', (cidr, bip) => {
  expect(bridgeAddress(cidr)).toBe(bip);
});

test.each(['', 'x', '10.0.0.0', '10.0.0.0/31', '10.0.0.0/a', '300.0.0.0/24', 'fd00::/64'])(
  '"%s" is refused',
  (cidr) => {
    expect(() => bridgeAddress(cidr)).toThrow(/must be an IPv4 network/);
  },
);

test('the engine’s configuration keeps what else is in it', () => {
  expect(JSON.parse(withBip('{"mtu": 1400, "bip": "1.2.3.4/5"}', '10.0.0.1/24'))).toEqual({
    mtu: 1400,
    bip: '10.0.0.1/24',
  });
  expect(bipOf(withBip('', '10.0.0.1/24'))).toBe('10.0.0.1/24');
  expect(bipOf('{"bip": 3}')).toBeUndefined();
  expect(() => withBip('[]', 'x')).toThrow(/not a JSON object/);
  expect(() => withBip('{', 'x')).toThrow(SyntaxError);
});
