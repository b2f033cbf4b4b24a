import fc from 'fast-check';
import { cidrContains, formatIP, parseCIDR, parseIP } from './ip.js';

const canonical = (text: string): string => {
  const ip = parseIP(text);
  return ip ? formatIP(ip) : 'invalid';
};

describe('addresses', () => {
  test.each([
    ['010.001.0.1', '10.1.0.1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['1::', '1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1.2.3', 'invalid'],
    ['gg::', 'invalid'],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  it('reads back every address it writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const once = canonical(text);
        expect(once).not.toBe('invalid');
        expect(canonical(once)).toBe(once);
      }),
    );
  });

  it('knows what a network contains', () => {
    const network = parseCIDR('10.96.0.0/12');
    const inside = parseIP('10.111.255.255');
    const outside = parseIP('10.112.0.0');
    const other = parseIP('2001:db8::1');
    if (!network || !inside || !outside || !other) throw new Error('did not parse');
    expect(cidrContains(network, inside)).toBe(true);
    expect(cidrContains(network, outside)).toBe(false);
    expect(cidrContains(network, other)).toBe(false);
    expect(formatIP(parseCIDR('10.1.2.3/8')?.network ?? inside)).toBe('10.0.0.0');
  });
});
