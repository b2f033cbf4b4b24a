import fc from 'fast-check';
import { deepClone, deepEqual, duplicateKeys, getOwn, mergeInto, parseJson, parseJsonObject, setOwn } from './json.js';
import { scanJson } from './json-scanner.js';

describe('parseJson', () => {
  it('refuses __proto__, however it is written', () => {
    expect(() => parseJson('{"a":{"__proto__":{"x":1}}}')).toThrow('json: field name "__proto__" is not allowed');
    expect(() => parseJson('[{"\\u005f_proto__":1}]')).toThrow('__proto__');
    expect(parseJson('{"a":"__proto__"}')).toEqual({ a: '__proto__' });
  });

  it('refuses what is too deep', () => {
    const depth = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(() => parseJson(depth(1001))).toThrow('json: exceeded max depth');
    expect(() => parseJson('['.repeat(1_000_000))).toThrow('json: exceeded max depth');
    expect(parseJson(depth(1000))).toBeDefined();
    expect(parseJson(JSON.stringify('['.repeat(5000)))).toHaveLength(5000);
  });

  test.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a":1}x', "invalid character 'x' after top-level value"],
    ['tru', 'unexpected end of JSON input'],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['"a\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['<html>', "invalid character '<' looking for beginning of value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
  ])('%j: %s', (text, message) => {
    expect(() => parseJson(text)).toThrow(message);
  });

  it('says what else it is when an object is wanted', () => {
    expect(() => parseJsonObject('[]')).toThrow('the request body must be an object, not array');
    expect(() => parseJsonObject('null')).toThrow('not null');
  });
});

describe('scanJson', () => {
  it('finds duplicate fields by path', () => {
    expect(duplicateKeys('{"a":1,"b":{"c":1,"c":2,"c":3},"l":[{"x":1,"x":2}],"a":2}')).toEqual(['b.c', 'l[0].x', 'a']);
    expect(duplicateKeys('{"a":1,"\\u0061":2}')).toEqual(['a']);
    expect(duplicateKeys('{"a":{"b":1},"c":{"b":1}}')).toEqual([]);
  });

  it('agrees with JSON.parse about what is JSON', () => {
    const parses = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const mangled = fc.tuple(fc.json(), fc.nat(40), fc.string({ maxLength: 2 }));
    fc.assert(
      fc.property(mangled, ([json, at, junk]) => {
        const text = json.slice(0, at) + junk + json.slice(at + 1);
        expect([text, scanJson(text).error === undefined]).toEqual([text, parses(text)]);
      }),
    );
  });
});

describe('values', () => {
  it('clones and compares any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(deepEqual(deepClone(a), a)).toBe(true);
        // -0 and 0 are the same number but not the same text.
        const text = (value: unknown): string => JSON.stringify(sortKeys(value));
        expect(deepEqual(a, b)).toBe(text(a) === text(b));
      }),
    );
  });

  it('treats undefined as absent', () => {
    expect(deepEqual({ a: undefined }, {})).toBe(true);
    expect(deepEqual({ a: null }, {})).toBe(false);
    expect(Object.keys(deepClone({ a: undefined, b: 1 }))).toEqual(['b']);
    expect(deepEqual([1], { 0: 1 })).toBe(false);
  });

  it('is not fooled by prototypes', () => {
    const evil = JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    const copy = deepClone(evil);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.hasOwn(copy, '__proto__')).toBe(true);
    const merged = mergeInto({}, evil);
    expect((merged as { polluted?: boolean }).polluted).toBeUndefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(getOwn({}, 'constructor')).toBeUndefined();
    const target: Record<string, unknown> = {};
    setOwn(target, '__proto__', 1);
    expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  });

  it('merges deeply', () => {
    expect(mergeInto({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: 3 }, l: [2] })).toEqual({ a: { b: 3, c: 2 }, l: [2] });
  });
});

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  return Object.keys(fields)
    .sort()
    .map((key) => [key, sortKeys(fields[key])])
    .concat([['{}']]);
}
