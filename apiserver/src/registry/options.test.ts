import { parseDeleteOptions, parseWriteOptions } from './options.js';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe('parseWriteOptions', () => {
  it('has upstream defaults', () => {
    expect(parseWriteOptions('CreateOptions', query(''))).toEqual({
      dryRun: false,
      fieldManager: '',
      fieldValidation: 'Warn',
      force: false,
    });
  });

  it.each([
    [
      'dryRun=Some',
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    ],
    ['fieldValidation=Maybe', 'fieldValidation: Unsupported value: "Maybe"'],
    [`fieldManager=${'x'.repeat(129)}`, 'fieldManager: Too long: may not be more than 128 bytes'],
    ['fieldManager=%C3%A9%07', 'fieldManager: Invalid value: "é\\a": invalid character U+0007 (at position 2)'],
    ['fieldManager=a%C2%A0b', 'invalid character U+00A0 (at position 1)'],
  ])('refuses %s', (text, message) => {
    expect(() => parseWriteOptions('CreateOptions', query(text))).toThrow(message);
  });

  it('binds manager and force to applies', () => {
    expect(() => parseWriteOptions('PatchOptions', query(''), { apply: true })).toThrow('is required for apply patch');
    expect(() => parseWriteOptions('PatchOptions', query('force=true'), { apply: false })).toThrow(
      'force: Forbidden: may not be specified for non-apply patch',
    );
    expect(parseWriteOptions('PatchOptions', query('force=true&fieldManager=m'), { apply: true }).force).toBe(true);
  });
});

describe('parseDeleteOptions', () => {
  it('reads the query without a body and the body alone with one', () => {
    expect(parseDeleteOptions(query('gracePeriodSeconds=5&propagationPolicy=Orphan'), undefined)).toEqual({
      dryRun: false,
      gracePeriodSeconds: 5,
      propagationPolicy: 'Orphan',
    });
    expect(parseDeleteOptions(query('gracePeriodSeconds=5'), { dryRun: ['All'] })).toEqual({ dryRun: true });
  });

  it.each([
    ['gracePeriodSeconds=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['gracePeriodSeconds=99999999999999999999', 'value out of range'],
    ['propagationPolicy=Sideways', 'propagationPolicy: Unsupported value: "Sideways"'],
    ['propagationPolicy=Orphan&orphanDependents=true', 'cannot be both set'],
  ])('refuses %s', (text, message) => {
    expect(() => parseDeleteOptions(query(text), undefined)).toThrow(message);
  });
});
