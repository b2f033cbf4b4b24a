import { formatFieldError } from '@kubelab/apimachinery/field-error';
import type { JsonSchema } from './json-schema.js';
import { validateSchema } from './schema-rules.js';

const texts = (schema: unknown): string[] => validateSchema(schema as JsonSchema, 's').map(formatFieldError);
const withSpec = (spec: unknown): unknown => ({ type: 'object', properties: { spec } });

describe('schemas of custom kinds', () => {
  it.each([
    ['plain', { type: 'string' }],
    ['map', { type: 'object', additionalProperties: { type: 'string' } }],
    ['anything', { 'x-kubernetes-preserve-unknown-fields': true }],
    ['int or string', { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }],
    [
      'narrowed',
      {
        type: 'object',
        properties: { a: { type: 'string' } },
        anyOf: [{ required: ['a'] }, { properties: { a: { minLength: 2 } } }],
      },
    ],
    [
      'keyed list',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
        items: { type: 'object', required: ['n'], properties: { n: { type: 'string' } } },
      },
    ],
    ['defaulted', { type: 'object', default: {}, properties: { a: { type: 'integer', default: 3 } } }],
  ])('%s is fine', (_, spec) => {
    expect(texts(withSpec(spec))).toEqual([]);
  });

  it.each([
    ['no type', {}, 's.properties[spec].type: Required value: must not be empty for specified object fields'],
    [
      'an unknown type',
      { type: 'text' },
      's.properties[spec].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
    ['a list without items', { type: 'array' }, 's.properties[spec].items: Required value: must be specified'],
    [
      'items without a type',
      { type: 'array', items: {} },
      's.properties[spec].items.type: Required value: must not be empty for specified array items',
    ],
    ['a reference', { $ref: '#/x' }, 's.properties[spec].$ref: Forbidden: $ref is not supported'],
    [
      'unique items',
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      's.properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ],
    [
      'a closed object',
      { type: 'object', additionalProperties: false },
      's.properties[spec].additionalProperties: Forbidden: additionalProperties cannot be set to false',
    ],
    [
      'properties and additional ones',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
      's.properties[spec].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
    ],
    [
      'a broken pattern',
      { type: 'string', pattern: '(' },
      's.properties[spec].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ],
    [
      'a pattern that only backtracking can match',
      { type: 'string', pattern: '(a)\\1' },
      's.properties[spec].pattern: Invalid value',
    ],
    [
      'validation rules',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'true' }] },
      's.properties[spec].x-kubernetes-validations: Forbidden: validation rules (CEL) are not supported by this server yet',
    ],
    [
      'a default of another type',
      { type: 'integer', default: 'x' },
      's.properties[spec].default: Invalid value: "string": s.properties[spec].default in body must be of type integer: "string"',
    ],
    [
      'a default with unknown fields',
      { type: 'object', properties: { a: { type: 'string' } }, default: { b: 1 } },
      's.properties[spec].default: Invalid value: {"b":1}: must not have unspecified fields: b',
    ],
    [
      'a type in a branch',
      { type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ properties: { a: { type: 'string' } } }] },
      's.properties[spec].anyOf[0].properties[a].type: Forbidden: must be empty to be structural',
    ],
    [
      'a field that only a branch knows',
      { type: 'object', allOf: [{ properties: { a: { minLength: 1 } } }] },
      's.properties[spec].properties[a]: Required value: because it is defined in s.properties[spec].allOf[0].properties[a]',
    ],
    [
      'a list map without keys',
      { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } },
      's.properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
    ],
    [
      'a key that may be missing',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
        items: { type: 'object', properties: { n: { type: 'string' } } },
      },
      'so it must have a default or be a required property',
    ],
    [
      'a list type on an object',
      { type: 'object', 'x-kubernetes-list-type': 'set' },
      's.properties[spec].type: Invalid value: "object": must be array if x-kubernetes-list-type is specified',
    ],
    [
      'preserving turned off',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      's.properties[spec].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined',
    ],
    [
      'an embedded object without fields',
      { type: 'object', 'x-kubernetes-embedded-resource': true },
      's.properties[spec].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    ],
  ])('%s is refused', (_, spec, text) => {
    expect(texts(withSpec(spec)).join('\n')).toContain(text);
  });

  it('need an object at the root and leave metadata alone', () => {
    expect(texts({})).toEqual(['s.type: Required value: must not be empty at the root']);
    expect(texts({ type: 'string' })).toContain('s.type: Invalid value: "string": must be object at the root');
    expect(
      texts({
        type: 'object',
        properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
      }),
    ).toEqual([
      's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
    ]);
  });

  it('may not be bottomless', () => {
    let schema: unknown = { type: 'string' };
    for (let depth = 0; depth < 500; depth++) schema = { type: 'object', properties: { a: schema } };
    expect(texts(schema)).toEqual(['s: Invalid value: "": must not be nested deeper than 200 levels']);
  });
});
