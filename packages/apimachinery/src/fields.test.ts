import { parseFieldSelector } from './fields.js';

const getter = (values: Record<string, string>) => (field: string) => values[field] ?? '';

describe('parseFieldSelector', () => {
  test.each([
    ['', ''],
    ['metadata.name=a', 'metadata.name=a'],
    ['metadata.name==a', 'metadata.name=a'],
    ['status.phase!=Running,spec.nodeName=n', 'spec.nodeName=n,status.phase!=Running'],
    ['a=b\\,c', 'a=b\\,c'],
    [',a=,', 'a='],
  ])('%j is %j', (text, formatted) => {
    expect(parseFieldSelector(text).toString()).toBe(formatted);
  });

  test.each([
    ['foo', "invalid selector: 'foo'; can't understand 'foo'"],
    ['a=1,b', "invalid selector: 'a=1,b'; can't understand 'b'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('%j is refused', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it('matches through a getter', () => {
    const selector = parseFieldSelector('metadata.name=a,status.phase!=Running');
    expect(selector.matches(getter({ 'metadata.name': 'a' }))).toBe(true);
    expect(selector.matches(getter({ 'metadata.name': 'a', 'status.phase': 'Running' }))).toBe(false);
    expect(selector.requires('metadata.name')).toBe('a');
    expect(selector.requires('status.phase')).toBeUndefined();
    expect(parseFieldSelector('a=b\\,c').terms).toEqual([{ field: 'a', op: '=', value: 'b,c' }]);
  });
});
