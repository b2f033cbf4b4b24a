import { parseYaml } from './yaml.js';

describe('parseYaml', () => {
  it('reads what Go reads', () => {
    const text = 'a: &x {b: 1}\nc:\n  <<: *x\n  d: yes\ne: 2001-01-01\nf: n\ng: 0x10\nh: ~';
    expect(parseYaml(text)).toEqual({ a: { b: 1 }, c: { b: 1, d: true }, e: '2001-01-01', f: 'n', g: 16, h: null });
  });

  it.each([
    ['a: [', 'yaml: line'],
    ['a: 1\na: 2', 'duplicated mapping key'],
    ['a: 1\n---\nb: 2', 'yaml'],
    ['__proto__: {a: 1}', '__proto__'],
    [`a: ${'['.repeat(2000)}${']'.repeat(2000)}`, 'exceeded max depth'],
    ['a: &a [*a]', 'yaml'],
  ])('refuses %j', (text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
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
