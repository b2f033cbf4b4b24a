import fc from 'fast-check';
import {
  everything,
  newRequirement,
  nothing,
  parseSelector,
  requiredValue,
  selectorFromLabelSelector,
  selectorFromSet,
} from './labels.js';
import { StatusError } from './status-error.js';

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).code).toBe(400);
    return (error as StatusError).message;
  }
  throw new Error('did not throw');
}

describe('parseSelector', () => {
  test.each([
    ['', ''],
    ['x', 'x'],
    ['!x', '!x'],
    ['x=a,y=b,z=c', 'x=a,y=b,z=c'],
    ['z=c,y==b,x!=a', 'x!=a,y==b,z=c'],
    ['x in (c,a,b)', 'x in (a,b,c)'],
    ['x notin ()', 'x notin ()'],
    ['x in (foo,,baz),y,z notin ()', 'x in (,baz,foo),y,z notin ()'],
    [' x  in  ( a ) ', 'x in (a)'],
    ['x in (in,notin)', 'x in (in,notin)'],
    ['in in (a)', 'in in (a)'],
    ['x=', 'x='],
    ['x=,y', 'x=,y'],
    ['x>1,y<2', 'x>1,y<2'],
    ['example.com/name=v', 'example.com/name=v'],
    ['x in (,)', 'x in ()'],
  ])('%j is %j', (text, formatted) => {
    expect(parseSelector(text).toString()).toBe(formatted);
  });

  test.each([
    ['x=a||y=b', /unable to parse requirement: values\[0\]\[x\]: Invalid value: "a\|\|y": a valid label must be/],
    ['x==a==b', "found '==', expected: ',' or 'end of string'"],
    ['!x=a', "found '=', expected: ',' or 'end of string'"],
    ['x<a', /for 'Gt', 'Lt' operators, the value must be an integer/],
    ['x in', "unable to parse requirement: found '' expected: '('"],
    ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['x in (a b)', "unable to parse requirement: found 'b', expected: ',' or ')'"],
    ['x y', "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"],
    ['=', "found '=', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['!!x', "unable to parse requirement: found '!', expected: identifier"],
    ['-x=1', /unable to parse requirement: <nil>: Invalid value: "-x": name part must consist of/],
    ['x=1/2', /Invalid value: "1\/2": a valid label must be an empty string or consist of/],
  ])('%j is refused', (text, message) => {
    const actual = messageOf(() => parseSelector(text));
    if (message instanceof RegExp) expect(actual).toMatch(message);
    else expect(actual).toBe(message);
  });

  test.each([
    ['a=1', { a: '1' }, true],
    ['a=1', { a: '2' }, false],
    ['a=1', undefined, false],
    ['a!=1', undefined, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['!a', {}, true],
    ['a in (1,2)', { a: '2' }, true],
    ['a notin (1,2)', { a: '2' }, false],
    ['a notin (1,2)', {}, true],
    ['a>5', { a: '6' }, true],
    ['a>5', { a: '5' }, false],
    ['a<5', { a: 'x' }, false],
    ['a>9223372036854775806', { a: '9223372036854775807' }, true],
    ['a=1,b=2', { a: '1', b: '2', c: '3' }, true],
  ])('%j on %j', (text, labels, matches) => {
    expect(parseSelector(text).matches(labels)).toBe(matches);
  });

  it('does not find keys of the prototype', () => {
    expect(parseSelector('constructor').matches({})).toBe(false);
    expect(parseSelector('!toString').matches({})).toBe(true);
    expect(selectorFromSet({ ['__proto__']: 'x' }).matches({})).toBe(false);
  });

  it('never fails but with a bad request, and reads back what it wrote', () => {
    const piece = fc.constantFrom(
      'a',
      'b.c/d',
      ' ',
      ',',
      '=',
      '==',
      '!=',
      '!',
      '(',
      ')',
      'in',
      'notin',
      '>',
      '<',
      '1',
      '-',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        let selector: ReturnType<typeof parseSelector>;
        try {
          selector = parseSelector(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
          return;
        }
        expect(parseSelector(selector.toString()).toString()).toBe(selector.toString());
      }),
    );
  });
});

describe('selectors of objects', () => {
  it('takes absent for nothing and empty for everything', () => {
    expect(selectorFromLabelSelector(undefined)).toBe(nothing);
    expect(selectorFromLabelSelector(null).matches({ a: '1' })).toBe(false);
    expect(selectorFromLabelSelector({})).toBe(everything);
    expect(everything.empty).toBe(true);
    expect(nothing.empty).toBe(false);
    expect(selectorFromSet(undefined).matches(undefined)).toBe(true);
  });

  it('joins labels and expressions', () => {
    const selector = selectorFromLabelSelector({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'env', operator: 'DoesNotExist' },
      ],
    });
    expect(selector.toString()).toBe('app=web,!env,tier in (a,b)');
    expect(selector.matches({ app: 'web', tier: 'a' })).toBe(true);
    expect(selector.matches({ app: 'web', tier: 'a', env: 'x' })).toBe(false);
    expect(requiredValue(selector, 'app')).toBe('web');
    expect(requiredValue(selector, 'tier')).toBeUndefined();
  });

  it('refuses bad expressions', () => {
    const bad = { key: 'a', operator: 'Gt', values: ['1'] } as unknown as { key: string; operator: 'In' };
    expect(messageOf(() => selectorFromLabelSelector({ matchExpressions: [bad] }))).toBe(
      '"Gt" is not a valid label selector operator',
    );
    expect(messageOf(() => newRequirement('a', 'in', []))).toBe(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    );
  });
});
