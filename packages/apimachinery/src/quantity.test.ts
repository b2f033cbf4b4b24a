import fc from 'fast-check';
import { canonicalizeQuantity, parseQuantity, Quantity, QuantityError, sumQuantities } from './quantity.js';

describe('parsing', () => {
  test.each([
    ['0', '0'],
    ['0Ki', '0'],
    ['1', '1'],
    ['100m', '100m'],
    ['0.5', '500m'],
    ['.001', '1m'],
    ['1.', '1.'],
    ['1.G', '1.G'],
    ['0.1', '100m'],
    ['1500m', '1500m'],
    ['1000m', '1'],
    ['2000', '2k'],
    ['1024', '1024'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Mi', '512Ki'],
    ['512Ki', '512Ki'],
    ['100.035Ki', '102435840m'],
    ['0.000000000001Ki', '2n'],
    ['3.001n', '4n'],
    ['0.9n', '1n'],
    ['-0.9n', '-1n'],
    ['-1.5Gi', '-1536Mi'],
    ['9Ei', '9223372036854775807'],
    ['12E', '12E'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['1.2e3', '1200'],
    ['1e-3', '1e-3'],
    ['100e3', '100e3'],
    ['1e2', '100'],
    ['0.5e0', '500e-3'],
    ['123456789123456789123', '123456789123456789123'],
    ['7Mi', '7Mi'],
    ['1.500', '1.500'],
    ['+5', '+5'],
    ['.', '0'],
    ['1000E', '1000E'],
    ['Gi', '0'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalizeQuantity(text)).toBe(canonical);
  });

  test.each([
    ['', /^quantities must match the regular expression '\^\(\[\+-\]\?\[0-9\.\]\+\)/],
    ['1.1.M', /^quantities must match/],
    ['aoeu', /^quantities must match/],
    ['1 Gi', /^quantities must match/],
    ['0.1am', /^quantities must match/],
    ['1i', /^unable to parse quantity's suffix$/],
    ['1mi', /^unable to parse quantity's suffix$/],
    ['-3.01e-', /^unable to parse quantity's suffix$/],
    ['1e999999999', /^unable to parse quantity's suffix$/],
    ['1+5', /^unable to parse quantity's suffix$/],
    ['__proto__', /^quantities must match/],
  ])('%j is refused', (text, message) => {
    expect(() => parseQuantity(text)).toThrow(QuantityError);
    expect(() => parseQuantity(text)).toThrow(message);
  });

  it('takes JSON numbers and blanks around', () => {
    expect(canonicalizeQuantity(2)).toBe('2');
    expect(canonicalizeQuantity(0.25)).toBe('250m');
    expect(canonicalizeQuantity(1e21)).toBe('1e+21');
    expect(canonicalizeQuantity(' 1Gi ')).toBe('1Gi');
    expect(() => canonicalizeQuantity(Number.NaN)).toThrow(QuantityError);
  });
});

describe('arithmetic', () => {
  it('keeps the format of the first that is not zero', () => {
    expect(parseQuantity('0').add(parseQuantity('1Gi')).toString()).toBe('1Gi');
    expect(parseQuantity('1Gi').add(parseQuantity('0')).toString()).toBe('1Gi');
    expect(parseQuantity('1Gi').add(parseQuantity('1M')).toString()).toBe('1074741824');
    expect(parseQuantity('1').sub(parseQuantity('100m')).toString()).toBe('900m');
    expect(parseQuantity('100m').mul(3).neg().toString()).toBe('-300m');
    expect(sumQuantities([]).toString()).toBe('0');
  });

  it('rounds values away from zero', () => {
    expect(parseQuantity('100m').value()).toBe(1);
    expect(parseQuantity('-100m').value()).toBe(-1);
    expect(parseQuantity('1500u').milliValue()).toBe(2);
    expect(parseQuantity('1.5Gi').value()).toBe(1610612736);
    expect(parseQuantity('250m').toNumber()).toBe(0.25);
    expect(parseQuantity('1Ki').scaled(3)).toBe(2n);
  });

  it('writes numbers it was given', () => {
    expect(Quantity.of(1500, 'DecimalSI', -3).toString()).toBe('1500m');
    expect(Quantity.of(1 << 20, 'BinarySI').toString()).toBe('1Mi');
    expect(Quantity.of(1000, 'BinarySI').toString()).toBe('1k');
    expect(JSON.stringify({ cpu: parseQuantity('0.5') })).toBe('{"cpu":"500m"}');
  });
});

const quantities = fc
  .tuple(
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-3', 'u', 'n'),
  )
  .map(([number, suffix]) => parseQuantity(`${number}${suffix}`));

describe('laws', () => {
  it('reads back what it writes', () => {
    fc.assert(fc.property(quantities, (a) => parseQuantity(a.toString()).equals(a)));
  });

  it('writes canonical text that stays', () => {
    fc.assert(
      fc.property(quantities, (a) => {
        const text = a.add(Quantity.zero).toString();
        expect(parseQuantity(text).add(Quantity.zero).toString()).toBe(text);
      }),
    );
  });

  it('adds and subtracts exactly', () => {
    fc.assert(
      fc.property(quantities, quantities, (a, b) => {
        expect(a.add(b).sub(b).equals(a)).toBe(true);
        expect(a.add(b).equals(b.add(a))).toBe(true);
        expect(a.compare(b)).toBe(-b.compare(a) + 0);
        expect(a.sub(b).sign()).toBe(a.compare(b));
      }),
    );
  });
});
