import fc from 'fast-check';
import { exactInteger, mayHoldLongNumber, parseExact, stringifyExact } from './exact-json.js';

const maxInt64 = '9223372036854775807';
const minInt64 = '-9223372036854775808';

describe('parseExact', () => {
  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    [maxInt64, 2n ** 63n - 1n],
    [minInt64, -(2n ** 63n)],
    ['9223372036854775808', 2 ** 63],
    ['-9223372036854775809', -(2 ** 63)],
    ['9007199254740993.0', 9007199254740992],
    ['9007199254740993e0', 9007199254740992],
    ['0.1234567890123456789', 0.12345678901234568],
    ['"9007199254740993"', '9007199254740993'],
  ])('reads %s as Go does', (text, expected) => {
    expect(parseExact(text)).toBe(expected);
    expect(parseExact(` [ ${text} , {"a" :\n${text} }]`)).toEqual([expected, { a: expected }]);
  });

  it('reads what stands around a long number as JSON.parse does', () => {
    const text = `{"a":[true,false,null,1.5e3,-0,"\\"}],\\u00e9",{}],"":[],"a":{"b":"\\\\"},"n":${maxInt64},"__proto__":1}`;
    const value = parseExact(text) as Record<string, unknown>;
    expect(value['n']).toBe(2n ** 63n - 1n);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect({ ...value, n: 0 }).toEqual({ ...JSON.parse(text), n: 0 });
    expect(Object.keys(value)).toEqual(Object.keys(JSON.parse(text)));
  });

  it.each([
    ['"\\ud800"', '\ufffd'],
    ['"\\uDC00\\ud83d\\uDE00\\ud83dx"', '\ufffd\u{1f600}\ufffdx'],
    ['"\\\\ud800 \\\\\\ud800"', '\\ud800 \\\ufffd'],
    ['{"\\udfff":1}', { '\ufffd': 1 }],
  ])('makes strings well-formed as Go does: %s', (text, expected) => {
    expect(parseExact(text)).toEqual(expected);
  });

  it('throws SyntaxError for what is no JSON', () => {
    for (const text of [
      '',
      '{',
      '9007199254740993,',
      '[9007199254740993',
      '{"a":9007199254740993,}',
      '09007199254740993',
    ]) {
      expect(() => parseExact(text)).toThrow(SyntaxError);
    }
  });

  it('gives back what it was given, wherever it stands', () => {
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => exactInteger(String(value)));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        integer,
        fc.string({ unit: 'binary' }),
        fc.stringMatching(/^[0-9]{10,40}$/),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => Math.abs(number) < 2 ** 53),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    }));
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 2 }), (given, indent) => {
        const text = stringifyExact(given, indent);
        expect(stringifyExact(parseExact(text), indent) === text).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('mayHoldLongNumber', () => {
  it('finds a run of sixteen digits at every position', () => {
    for (let before = 0; before < 40; before++) {
      expect(mayHoldLongNumber(`${' '.repeat(before)}1234567890123456`)).toBe(true);
      expect(mayHoldLongNumber(`${' '.repeat(before)}123456789012345 `)).toBe(false);
      expect(mayHoldLongNumber(`${'x '.repeat(before)}:-1234567890123456,${'y'.repeat(before)}`)).toBe(true);
    }
  });

  it('is not led astray by digits in strings', () => {
    const digits = '1234567890'.repeat(4);
    expect(mayHoldLongNumber(`{"sha":"${digits}","hex":"a${digits}b"}`)).toBe(false);
    expect(mayHoldLongNumber(`{"sha":"${digits}","n":${digits}}`)).toBe(true);
  });
});

describe('stringifyExact', () => {
  it('writes bigints as numbers and everything else as JSON.stringify does', () => {
    const rest = { a: [1, undefined, null, { b: 'ä"', c: undefined }], e: {}, f: [], g: new Date(0) };
    for (const indent of [0, 2]) {
      const text = stringifyExact({ ...rest, n: 2n ** 60n }, indent);
      expect(text).toBe(JSON.stringify({ ...rest, n: 'N' }, null, indent).replace('"N"', String(2n ** 60n)));
      expect(stringifyExact(rest, indent)).toBe(JSON.stringify(rest, null, indent));
    }
  });

  it('does not hide other errors', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => stringifyExact(circle)).toThrow('circular');
  });
});
