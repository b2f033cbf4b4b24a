import { Warnings } from './warnings.js';

describe('Warnings', () => {
  it('writes quoted values without doubles', () => {
    const warnings = new Warnings();
    warnings.add('unknown field "spec.foo"');
    warnings.add('unknown field "spec.foo"');
    warnings.add('line\nbreak and 漢');
    expect(warnings.headerValues()).toEqual(['299 - "unknown field \\"spec.foo\\""', '299 - "line break and ?"']);
  });

  it('bounds what a client has to read', () => {
    const warnings = new Warnings();
    for (let index = 0; index < 100; index++) warnings.add(`${index}`.padEnd(300, 'x'));
    expect(warnings.headerValues()).toHaveLength(16);
  });
});
