/** Objects of the right types and no sense: no hook, column or check may do anything but answer. */

import { formatFieldError } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { builtinDefinitions, referencedName, type Schema } from './definitions.js';
import { builtinResources } from './registry.js';
import { builtinSchema } from './schema-validation.js';

/** A small generator with a seed, so that a failure can be repeated (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const strings = [
  '',
  'a',
  'Always',
  'In',
  'Exists',
  'TCP',
  '10.0.0.1',
  '::1',
  '../x',
  'a/b',
  'A B',
  'None',
  'constructor',
  '__x',
  '25%',
  'ä',
];
const amounts = ['0', '1', '-1', '500m', '1Gi', '2'];
const maxInt64 = 2n ** 63n - 1n;
const numbers = [0, 1, -1, 80, 70000, 2 ** 31 - 1];

class Generator {
  constructor(private readonly random: () => number) {}

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }

  value(schema: Schema, depth: number): unknown {
    if (schema.$ref) return this.referenced(referencedName(schema.$ref), depth);
    if (schema.enum && this.random() < 0.7) return this.pick(schema.enum);
    switch (schema.type) {
      case 'string':
        return schema.format === 'byte' ? 'eA==' : this.pick(strings);
      case 'boolean':
        return this.random() < 0.5;
      case 'integer':
      case 'number':
        return this.pick(schema.format === 'int64' ? [...numbers, maxInt64, -maxInt64] : numbers);
      case 'array':
        return this.times(() => this.value(schema.items ?? {}, depth));
      default:
        return schema.additionalProperties
          ? Object.fromEntries(
              this.times(() => [this.pick(strings), this.value(schema.additionalProperties ?? {}, depth)]),
            )
          : {};
    }
  }

  private times<T>(make: () => T): T[] {
    return Array.from({ length: Math.floor(this.random() * 3) }, make);
  }

  referenced(name: string, depth: number): unknown {
    if (name.endsWith('.Quantity')) return this.pick(amounts);
    if (/\.(Time|MicroTime)$/.test(name))
      return name.endsWith('MicroTime') ? '2024-05-01T11:00:00.000000Z' : '2024-05-01T11:00:00Z';
    if (name.endsWith('.IntOrString')) return this.random() < 0.5 ? this.pick(numbers) : this.pick(strings);
    const definition = builtinDefinitions()[name] ?? {};
    const share = depth > 8 ? 0 : depth < 3 ? 0.8 : 0.4;
    const fields = Object.entries(definition.properties ?? {}).filter(() => this.random() < share);
    return Object.fromEntries(fields.map(([field, schema]) => [field, this.value(schema, depth + 1)]));
  }
}

const runs = 25;

test.each(builtinResources.map((definition) => [definition.kind, definition] as const))('%s', (_, definition) => {
  const schema = builtinSchema(definition.schema);
  const generator = new Generator(randomFrom(definition.kind.length));
  const make = (): UnstructuredObject => {
    const object = generator.referenced(definition.schema, 0) as UnstructuredObject;
    schema.conform(object);
    object.metadata = {
      ...(object.metadata as object | undefined),
      uid: 'u',
      creationTimestamp: '2024-05-01T11:00:00Z',
    } as UnstructuredObject['metadata'];
    definition.hooks.default?.(object);
    object.metadata.name ??= '';
    return object;
  };
  const { hooks } = definition;
  for (let run = 0; run < runs; run++) {
    const object = make();
    const again = structuredClone(object);
    hooks.default?.(again);
    again.metadata.name ??= '';
    expect(again).toEqual(object);
    expect(schema.conform(structuredClone(object))).toEqual([]);
    hooks.prepareForCreate?.(object, () => undefined);
    object.metadata.name ??= '';
    const next = make();
    hooks.prepareForUpdate?.(next, object);
    const statusOnly = structuredClone(object);
    hooks.prepareForStatusUpdate?.(statusOnly, object);
    const errors = [
      ...(hooks.validate?.(object) ?? []),
      ...(hooks.validateUpdate?.(next, object) ?? []),
      ...(hooks.validateStatusUpdate?.(statusOnly, object) ?? []),
    ];
    const bad = errors
      .map(formatFieldError)
      // Upstream says so of fields in schemas.
      .map((text) => text.replace(/must be (?:true or )?undefined/, ''))
      .filter((text) => /undefined|\[object/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')));
    expect(bad.map((text) => text.match(/.{0,80}(?:undefined|\[object).{0,40}/s)?.[0])).toEqual([]);
    hooks.warnings?.(object);
    hooks.gracePeriodSeconds?.(object);
    for (const { cell } of definition.columns) expect(cell(next, { now: new Date(0) })).toBeDefined();
  }
});
