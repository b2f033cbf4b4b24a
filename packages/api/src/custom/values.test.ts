import { formatFieldError } from '@kubelab/apimachinery/field-error';
import { applyDefaults } from './default.js';
import { hasFormat } from './formats.js';
import type { JsonSchema } from './json-schema.js';
import { compilePattern, PatternWork } from './pattern.js';
import { pruneObject } from './prune.js';
import { validateObjectValue, validateValue } from './validate-value.js';

const withField = (schema: JsonSchema): JsonSchema => ({ type: 'object', properties: { a: schema } });
const errors = (value: unknown, schema: JsonSchema, old?: unknown): string[] =>
  validateObjectValue({ a: value }, withField(schema), old === undefined ? undefined : { a: old }).map(
    formatFieldError,
  );

describe('validation', () => {
  it.each<[string, unknown, JsonSchema, string[]]>([
    [
      'a float for an integer',
      1.5,
      { type: 'integer' },
      ['a: Invalid value: "number": a in body must be of type integer: "number"'],
    ],
    ['an integer for a number', 1, { type: 'number' }, []],
    ['null where it may be', null, { type: 'string', nullable: true }, []],
    [
      'null where it may not be',
      null,
      { type: 'string' },
      ['a: Invalid value: "null": a in body must be of type string: "null"'],
    ],
    [
      'too short',
      'é',
      { type: 'string', minLength: 2 },
      ['a: Invalid value: "é": a in body should be at least 2 chars long'],
    ],
    ['too long', 'abc', { type: 'string', maxLength: 2 }, ['a: Too long: may not be more than 2 bytes']],
    [
      'exclusive bounds',
      5,
      { type: 'integer', maximum: 5, exclusiveMaximum: true },
      ['a: Invalid value: 5: a in body should be less than 5'],
    ],
    [
      'no multiple',
      5,
      { type: 'integer', multipleOf: 2 },
      ['a: Invalid value: 5: a in body should be a multiple of 2'],
    ],
    [
      'too many items',
      [1, 2],
      { type: 'array', maxItems: 1, items: { type: 'integer' } },
      ['a: Too many: 2: must have at most 1 items'],
    ],
    [
      'a bad item',
      ['x'],
      { type: 'array', items: { type: 'integer' } },
      ['a[0]: Invalid value: "string": a[0] in body must be of type integer: "string"'],
    ],
    [
      'too few properties',
      {},
      { type: 'object', minProperties: 1 },
      ['a: Invalid value: 0: a in body should have at least 1 properties'],
    ],
    [
      'a missing one of a map',
      { x: {} },
      { type: 'object', additionalProperties: { type: 'object', required: ['y'] } },
      ['a.x.y: Required value'],
    ],
    [
      'a format',
      '2024-02-30',
      { type: 'string', format: 'date' },
      ['a: Invalid value: "2024-02-30": a in body must be of type date: "2024-02-30"'],
    ],
    [
      'none of any',
      1,
      { type: 'integer', anyOf: [{ minimum: 2 }] },
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: 1: a in body should be greater than or equal to 2',
      ],
    ],
    [
      'two of one',
      3,
      { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'what must not be',
      3,
      { type: 'integer', not: { minimum: 1 } },
      ['<nil>: Invalid value: "": "a" must not validate the schema (not)'],
    ],
  ])('says what is wrong with %s', (_, value, schema, wanted) => {
    expect(errors(value, schema)).toEqual(wanted);
  });

  it('does not hold an update to what was there before', () => {
    const schema: JsonSchema = { type: 'object', additionalProperties: { type: 'string', maxLength: 1 } };
    expect(errors({ x: 'long', y: 'b' }, schema, { x: 'long', y: 'a' })).toEqual([]);
    expect(errors({ x: 'longer' }, schema, { x: 'long' })).toHaveLength(1);
  });
});

it('prunes what is not declared, at every depth', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      open: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { closed: { type: 'object' } },
      },
      list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
    },
  };
  const object = JSON.parse(
    '{"apiVersion":"v1","open":{"x":1,"closed":{"y":1}},"list":[{"a":"b","c":1}],"__proto__":{"z":1},"constructor":1}',
  );
  expect(pruneObject(object, schema).sort()).toEqual(['__proto__', 'constructor', 'list[0].c', 'open.closed.y']);
  expect(object).toEqual({ apiVersion: 'v1', open: { x: 1, closed: {} }, list: [{ a: 'b' }] });
});

it('fills in defaults, also for nulls where none may be', () => {
  const schema = withField({
    type: 'object',
    default: {},
    properties: {
      b: { type: 'string', default: 'B' },
      c: { type: 'string' },
      d: { type: 'string', nullable: true, default: 'D' },
    },
  });
  const empty = {};
  expect(applyDefaults(empty, schema)).toBe(true);
  expect(empty).toEqual({ a: { b: 'B', d: 'D' } });
  expect(applyDefaults(empty, schema)).toBe(false);
  const nulls = { a: { b: null, c: null, d: null } };
  applyDefaults(nulls, schema);
  expect(nulls).toEqual({ a: { b: 'B', d: null } });
});

it('spends a bounded amount of work on the patterns of an object', () => {
  const work = new PatternWork();
  const pattern = '[\\pL\\d]{900}'.repeat(4);
  expect(work.matches(pattern, 'short')).toBe(false);
  expect(work.matches(pattern, 'a'.repeat(20_000))).toBeUndefined();
  const schema = { type: 'string', pattern };
  expect(validateValue('a'.repeat(20_000), schema, 'spec.a')[0]?.detail).toContain(
    'spec.a in body is too long to be matched against',
  );
  expect(new PatternWork().matches('^[a-z]*$', 'a'.repeat(1_000_000))).toBe(true);
});

it.each([
  ['(a{1000}){1000}', 'invalid repeat count'],
  ['(\\pL{1000})'.repeat(200), 'expression too large'],
  ['(a|b)'.repeat(100_000), 'expression too large'],
  ['a{500}'.repeat(60), 'expression too large'],
  ['('.repeat(5_000) + ')'.repeat(5_000), 'expression nests too deeply'],
])('refuses an expression that is too large: %#', (pattern, why) => {
  expect(() => compilePattern(pattern)).toThrow(why);
});

it('reports as many errors as there are, however many', () => {
  const schema = { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } };
  const value = { a: Array.from({ length: 200_000 }, () => 1) };
  expect(validateValue(value, schema, 'spec')).toHaveLength(200_000);
  expect(validateValue(value, { allOf: [schema], anyOf: [schema], oneOf: [schema] }, 'spec').length).toBeGreaterThan(
    600_000,
  );
});

it('matches patterns and formats without backtracking', () => {
  const long = 'a'.repeat(50_000);
  expect(new PatternWork().matches('^(a+)+$', `${long}!`)).toBe(false);
  expect(hasFormat('duration', `${'1ns'.repeat(20_000)}!`)).toBe(false);
  expect(hasFormat('email', `${long}@`)).toBe(false);
  expect(hasFormat('hostname', long)).toBe(false);
  expect(hasFormat('unheard-of', long)).toBe(true);
});

it.each([
  ['duration', '1h30m', true],
  ['duration', '3 days', true],
  ['duration', '3 moons', false],
  ['date-time', '2024-05-01T12:00:00Z', true],
  ['date-time', '2024-05-01 12:00', false],
  ['ipv4', '10.0.0.1', true],
  ['ipv4', '::1', false],
  ['cidr', '10.0.0.0/8', true],
  ['uuid', '5f3a7c1e-0000-4000-8000-000000000001', true],
  ['byte', 'eA==', true],
  ['byte', '!', false],
  ['mac', '00:00:5e:00:53:01', true],
  ['uri', 'https://example.com/a', true],
])('format %s: %s', (format, value, wanted) => {
  expect(hasFormat(format, value)).toBe(wanted);
});
