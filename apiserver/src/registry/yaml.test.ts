import { parseYaml } from './yaml.js';

describe('parseYaml', () => {
  it('reads what Go reads', () => {
    const text = 'a: &x {b: 1}\nc:\n  <<: *x\n  d: yes\ne: 2001-01-01\nf: n\ng: 0x10\nh: ~';
    expect(parseYaml(text).value).toEqual({
      a: { b: 1 },
      c: { b: 1, d: true },
      e: '2001-01-01',
      f: 'n',
      g: 16,
      h: null,
    });
  });

  it.each([
    ['a: [', 'yaml: line'],
    ['a: .inf', 'json: unsupported value: +Inf'],
    ['a: [-.inf]', 'json: unsupported value: -Inf'],
    ['a: .nan', 'json: unsupported value: NaN'],
    ['a: !!python/object:os.system x', 'unknown tag'],
    ['a: !!js/function "x"', 'unknown tag'],
    ['a: 1\n---\nb: 2', 'yaml'],
    ['__proto__: {a: 1}', '__proto__'],
    [`a: ${'['.repeat(2000)}${']'.repeat(2000)}`, 'exceeded max depth'],
    ['a: &a [*a]', 'yaml'],
  ])('refuses %j', (text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });

  it('makes texts of keys that are numbers or booleans', () => {
    const text = '1: a\n0x10: b\n1.5: c\ntrue: d\nno: e\n9223372036854775807: f\n"~": g';
    expect(parseYaml(text).value).toEqual({
      '1': 'a',
      '16': 'b',
      '1.5': 'c',
      true: 'd',
      false: 'e',
      '9223372036854775807': 'f',
      '~': 'g',
    });
  });

  it.each([
    ['1.5', '1.5'],
    ['1e3', '1000'],
    ['1000000.0', '1e+06'],
    ['123456789.5', '1.2345679e+08'],
    ['0.1', '0.1'],
    ['0.00001', '1e-05'],
    ['-2.50', '-2.5'],
    ['.inf', '.inf'],
    ['-.inf', '-.inf'],
    ['.nan', '.nan'],
    ['-0.0', '-0'],
  ])('writes the key %s as %s', (given, key) => {
    expect(parseYaml(`${given}: 0.5`).value).toEqual({ [key]: 0.5 });
  });

  it('gives plain lists and numbers', () => {
    const { value } = parseYaml('a: [1.5, [2.5e3]]\nb: c') as { value: { a: unknown[] } };
    expect(value).toEqual({ a: [1.5, [2500]], b: 'c' });
    expect(Object.getPrototypeOf(value.a)).toBe(Array.prototype);
  });

  it.each(['a: ~', 'a:', 'a: null', '- a:', '? a', 'a: &x\nb: *x'])('reads nothing as null: %j', (text) => {
    expect(JSON.stringify(parseYaml(text).value)).toContain(':null');
  });

  it('reads an empty document as null', () => {
    expect([parseYaml('~').value, parseYaml('[~, null]').value]).toEqual([null, [null, null]]);
  });

  it.each([
    ['~: a', 'Unsupported map key of type: %!s(<nil>), key: <nil>'],
    ['b: {null: a}', 'Unsupported map key of type'],
    ['a: {{ b }}', 'yaml: invalid map key: map[interface {}]interface {}'],
    ['? {a: 1}\n: b', 'yaml: invalid map key'],
    ['[a, 1]: b', 'yaml: invalid map key: []interface {}{"a", 1}'],
    ['c: {? [] : b}', 'yaml: invalid map key: []interface {}{}'],
    ['a: &x [1.5, ~]\nb: {*x : c}', 'yaml: invalid map key: []interface {}{1.5, interface {}(nil)}'],
    ['[[a]]: b', 'yaml'],
  ])('refuses keys that are nothing or several things: %j', (text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });

  it('takes the last of two values and says so', () => {
    const { value, duplicates } = parseYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 3');
    expect(value).toEqual({ a: 3, b: { c: 2 } });
    expect(duplicates).toEqual(['yaml: unmarshal errors:\n  line 4: key "c" already set in map']);
  });

  it('refuses long texts that multiply', () => {
    const aliases = Array(100).fill('*a').join(', ');
    expect(() => parseYaml(`a: &a ${'x'.repeat(100_000)}\nb: [${aliases}]`)).toThrow('excessive aliasing');
    expect(() => parseYaml(`a: &a {${'k'.repeat(100_000)}: 1}\nb: [${aliases}]`)).toThrow('excessive aliasing');
  });

  it('refuses merges that multiply', () => {
    const lines = [`a0: &a0 {${Array.from({ length: 1_000 }, (_, index) => `k${index}: 1`).join(', ')}}`];
    for (let index = 1; index < 300; index++) lines.push(`a${index}: &a${index} {<<: [*a0, *a${index - 1}]}`);
    expect(() => parseYaml(lines.join('\n'))).not.toThrow('stack');
  });

  it('refuses aliases that multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let index = 1; index < 9; index++) {
      lines.push(
        `a${index}: &a${index} [${Array(10)
          .fill(`*a${index - 1}`)
          .join(', ')}]`,
      );
    }
    expect(() => parseYaml(lines.join('\n'))).toThrow('excessive aliasing');
  });
});
