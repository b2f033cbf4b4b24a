import { expand } from './expansion.js';

describe('expand', () => {
  const values: Record<string, string> = { A: 'one', B: '', 'with.dot': 'dotted' };
  const lookup = (name: string): string | undefined => values[name];

  test.each([
    ['plain', 'plain'],
    ['$(A)', 'one'],
    ['x$(A)y$(B)z', 'xoneyz'],
    ['$(with.dot)', 'dotted'],
    ['$(missing)', '$(missing)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$one'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$(A', '$(A'],
    ['$A', '$A'],
    ['$()', '$()'],
    ['', ''],
  ])('%s becomes %s', (input, output) => {
    expect(expand(input, lookup)).toBe(output);
  });
});
