import fc from 'fast-check';
import { FieldSet } from './field-set.js';
import { compareElements, formatPath, keyElement, parsePathElement, valueElement } from './path-element.js';

const set = (fields: object): FieldSet => FieldSet.parse(fields);

describe('path elements', () => {
  it('has one text for one element', () => {
    expect(parsePathElement('k:{"b":1,"a":"x"}')).toBe('k:{"a":"x","b":1}');
    expect(parsePathElement('v: "x"')).toBe('v:"x"');
    expect(keyElement([['name', 'a<b']])).toBe('k:{"name":"a\\u003cb"}');
    expect(parsePathElement(keyElement([['name', 'a<b']]))).toBe(keyElement([['name', 'a<b']]));
    expect(valueElement('x')).toBe('v:"x"');
  });

  it('shows paths as upstream', () => {
    expect(formatPath(['f:spec', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:name'])).toBe(
      '.spec.ports[containerPort=80,protocol="TCP"].name',
    );
    expect(formatPath(['f:metadata', 'f:finalizers', 'v:"a"'])).toBe('.metadata.finalizers[="a"]');
    expect(formatPath(['f:x', 'i:3'])).toBe('.x[3]');
  });

  it('sorts numbers as numbers', () => {
    const ports = [443, 80, 8080].map((port) => keyElement([['port', port]]));
    expect([...ports, 'f:z', 'f:a', 'v:2', 'v:10', 'i:10', 'i:9'].sort(compareElements)).toEqual([
      'f:a',
      'f:z',
      'k:{"port":80}',
      'k:{"port":443}',
      'k:{"port":8080}',
      'v:2',
      'v:10',
      'i:9',
      'i:10',
    ]);
  });

  test.each(['x', 'xf:a', 'q:a', 'k:[]', 'k:{', 'i:x', ''])('refuses %j', (text) => {
    expect(() => parsePathElement(text)).toThrow();
  });
});

describe('FieldSet', () => {
  it('reads and writes FieldsV1 in canonical order', () => {
    const fields = {
      'f:spec': { 'f:b': {}, 'f:a': { 'f:x': {}, '.': {} }, 'f:l': { 'k:{"name":"x"}': { 'f:name': {}, '.': {} } } },
    };
    expect(JSON.stringify(set(fields).toFieldsV1())).toBe(
      '{"f:spec":{"f:a":{".":{},"f:x":{}},"f:b":{},"f:l":{"k:{\\"name\\":\\"x\\"}":{".":{},"f:name":{}}}}}',
    );
    expect(set({}).isEmpty()).toBe(true);
    expect(FieldSet.parse(undefined).isEmpty()).toBe(true);
    expect(() => FieldSet.parse({ 'f:a': 1 })).toThrow('FieldsV1 must be an object');
    expect(() => FieldSet.parse([])).toThrow();
  });

  it('tells parents from children', () => {
    const parent = FieldSet.of(['f:a']);
    const child = FieldSet.of(['f:a', 'f:b']);
    expect(parent.difference(child).equals(parent)).toBe(true);
    expect(child.difference(parent).equals(child)).toBe(true);
    expect(child.recursiveDifference(parent).isEmpty()).toBe(true);
    expect(parent.intersection(child).isEmpty()).toBe(true);
    expect(parent.union(child).toFieldsV1()).toEqual({ 'f:a': { '.': {}, 'f:b': {} } });
    expect(parent.has(['f:a'])).toBe(true);
    expect(child.has(['f:a'])).toBe(false);
    expect(child.has([])).toBe(false);
    expect(child.below('f:a')?.hasElement('f:b')).toBe(true);
  });

  it('lists members before what lies below', () => {
    expect(FieldSet.of(['f:b'], ['f:a', 'f:x'], ['f:c']).paths()).toEqual([['f:b'], ['f:c'], ['f:a', 'f:x']]);
  });

  const paths = fc.array(fc.array(fc.constantFrom('f:a', 'f:b', 'f:c', 'v:1'), { minLength: 1, maxLength: 4 }));
  const sets = paths.map((list) => FieldSet.of(...list));
  const texts = (value: FieldSet): Set<string> => new Set(value.paths().map(formatPath));

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [left, right] = [texts(a), texts(b)];
        const pick = (keep: (path: string) => boolean) => [...new Set([...left, ...right])].filter(keep).sort();
        expect([...texts(a.union(b))].sort()).toEqual(pick(() => true));
        expect([...texts(a.intersection(b))].sort()).toEqual(pick((path) => left.has(path) && right.has(path)));
        expect([...texts(a.difference(b))].sort()).toEqual(pick((path) => left.has(path) && !right.has(path)));
        expect(FieldSet.parse(a.toFieldsV1()).equals(a)).toBe(true);
        expect(a.size).toBe(left.size);
        expect(a.isEmpty()).toBe(left.size === 0);
      }),
    );
  });
});
