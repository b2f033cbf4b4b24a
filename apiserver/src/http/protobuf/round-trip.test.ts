/** Every built-in kind goes from JSON to protobuf and back unchanged. */

import { builtinDefinitions, referencedName, type Schema } from '@kubelab/api/definitions';
import { builtinResources } from '@kubelab/api/registry';
import { builtinSchema } from '@kubelab/api/schema-validation';
import type { JsonObject } from '@kubelab/apimachinery/json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import { BackwardWriter } from '../../protobuf-wire/backward-writer.js';
import { ProtobufError } from '../../protobuf-wire/wire-format.js';
import { readEnvelope } from './decode.js';
import { encodeProtobuf, protobufFrame, protobufList } from './encode.js';
import { messageCodec } from './message-codec.js';

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

const strings = ['a', 'ä', '日本語 in a text that is longer than a short one', 'constructor', '25%', 'x'.repeat(300)];
const int32s = [1, -1, 127, 128, 80, 2 ** 31 - 1, -(2 ** 31)];
const int64s = [...int32s, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1];

class Generator {
  constructor(private readonly random: () => number) {}

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }

  /** `zero`: also values that Go cannot tell from absent ones. */
  value(schema: Schema, depth: number, zero: boolean): unknown {
    if (schema.$ref) return this.referenced(referencedName(schema.$ref), depth, zero);
    const isZero = zero && this.random() < 0.5;
    switch (schema.type) {
      case 'string':
        return isZero ? '' : schema.format === 'byte' ? 'eAD/' : this.pick(strings);
      case 'boolean':
        return !isZero;
      case 'integer':
        return isZero ? 0 : this.pick(schema.format === 'int64' ? int64s : int32s);
      case 'number':
        return isZero ? 0 : 1.5;
      case 'array':
        return Array.from({ length: 1 + Math.floor(this.random() * 2) }, () =>
          this.value(schema.items ?? {}, depth, false),
        );
      default:
        return this.map(schema, depth);
    }
  }

  private map({ additionalProperties }: Schema, depth: number): unknown {
    if (!additionalProperties) return { any: [1, 'x', null, { deep: true }] };
    return Object.fromEntries([1, 2].map(() => [this.pick(strings), this.value(additionalProperties, depth, false)]));
  }

  /** What stands where a schema or something else may. */
  private schemaOr(name: string, other: string | undefined, depth: number): unknown {
    const schema = this.referenced(name, depth + 1, false);
    if (this.random() < 0.5) return schema;
    if (other === 'Bool') return this.random() < 0.5;
    return other === 'Array' ? [schema, {}] : [this.pick(strings), this.pick(strings)];
  }

  referenced(name: string, depth: number, zero: boolean): unknown {
    if (name.endsWith('.Quantity')) return this.pick(['1', '500m', '1Gi', '-1']);
    if (name.endsWith('.Time')) return '2024-05-01T11:00:00Z';
    if (name.endsWith('.MicroTime')) return '2024-05-01T11:00:00.123456Z';
    if (name.endsWith('.IntOrString')) return this.pick<string | number>(['http', 8080, -1, '25%']);
    const union = /^(.*\.JSONSchemaProps)Or(Bool|Array|StringArray)$/.exec(name);
    if (union?.[1]) return this.schemaOr(union[1], union[2], depth);
    const definition = builtinDefinitions()[name] ?? {};
    if (!definition.properties) return name.endsWith('SubresourceStatus') ? {} : { some: 'json' };
    // A schema has so many places for others that only the outermost is well filled.
    const crowded = depth > 4 && name.endsWith('.JSONSchemaProps');
    const share = depth > 9 ? 0 : depth < 3 ? 0.9 : crowded ? 0.1 : 0.6;
    // Objects inside objects lose their type on the wire.
    const typed = definition['x-kubernetes-group-version-kind'] !== undefined;
    const required = new Set(definition.required ?? []);
    const fields = Object.entries(definition.properties).filter(
      ([field]) =>
        !(typed && (field === 'kind' || field === 'apiVersion')) && (required.has(field) || this.random() < share),
    );
    return Object.fromEntries(fields.map(([field, schema]) => [field, this.value(schema, depth + 1, zero)]));
  }
}

const expectedOf = (object: JsonObject): JsonObject => JSON.parse(JSON.stringify(object)) as JsonObject;
const decode = (bytes: Buffer): JsonObject => readEnvelope(bytes).decode({ apiVersion: '', kind: '' });

const served = builtinResources.map(({ group, version, kind, schema }) => ({
  apiVersion: toApiVersion(group, version),
  kind,
  schema,
}));
/** Kinds that are only sent or answered. */
const others = [
  ['v1', 'Status', 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'],
  ['v1', 'DeleteOptions', 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'],
  ['v1', 'Binding', 'io.k8s.api.core.v1.Binding'],
  ['autoscaling/v1', 'Scale', 'io.k8s.api.autoscaling.v1.Scale'],
  ['policy/v1', 'Eviction', 'io.k8s.api.policy.v1.Eviction'],
  ['authentication.k8s.io/v1', 'TokenRequest', 'io.k8s.api.authentication.v1.TokenRequest'],
].map(([apiVersion = '', kind = '', schema = '']) => ({ apiVersion, kind, schema }));

const runs = 20;

describe.each([...served, ...others])('$apiVersion $kind', ({ apiVersion, kind, schema }) => {
  const generator = new Generator(randomFrom(kind.length));
  const make = (zero: boolean): JsonObject => {
    const object = { ...(generator.referenced(schema, 0, zero) as JsonObject), apiVersion, kind };
    expect(builtinSchema(schema).conform(object)).toEqual([]);
    return expectedOf(object);
  };

  it('comes back as it was', () => {
    for (let run = 0; run < runs; run++) {
      const object = make(false);
      expect(decode(encodeProtobuf(object))).toEqual(object);
    }
  });

  it('comes back the same from then on, whatever it held', () => {
    for (let run = 0; run < runs; run++) {
      const once = decode(encodeProtobuf(make(true)));
      expect(decode(encodeProtobuf(once))).toEqual(once);
    }
  });

  it('takes no harm from being cut off', () => {
    const bytes = encodeProtobuf(make(false));
    for (let run = 0; run < 50; run++) {
      const cut = bytes.subarray(0, 5 + Math.floor((run / 50) * (bytes.length - 6)));
      try {
        decode(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError);
      }
    }
  });
});

describe('the bytes', () => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { b: '2', a: '1' } };

  it('are those of Go: fields by number, keys in order, the envelope with its empty ends', () => {
    expect(encodeProtobuf(configMap).toString('latin1')).toBe(
      'k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x15\n\x03\n\x01a\x12\x06\n\x01a\x12\x011\x12\x06\n\x01b\x12\x012\x1a\0"\0',
    );
  });

  it.each([
    ['items', { type: 'a' }, '\xc2\x01\x05\n\x03*\x01a'],
    ['items', [{ type: 'a' }, {}], '\xc2\x01\x07\x12\x03*\x01a\x12\0'],
    ['additionalProperties', true, '\xf2\x01\x02\x08\x01'],
    ['additionalProperties', false, '\xf2\x01\x02\x08\0'],
    ['additionalProperties', { type: 'a' }, '\xf2\x01\x07\x08\x01\x12\x03*\x01a'],
    ['dependencies', { k: ['x', 'y'] }, '\x82\x02\x0b\n\x01k\x12\x06\x12\x01x\x12\x01y'],
    ['dependencies', { k: { type: 'a' } }, '\x82\x02\x0a\n\x01k\x12\x05\n\x03*\x01a'],
    ['default', { a: [null] }, 'B\x0e\n\x0c{"a":[null]}'],
    ['enum', [1, null], '\xa2\x01\x03\n\x011\xa2\x01\x06\n\x04null'],
  ])('of %s in a schema that is %j are those of its union', (field, value, bytes) => {
    const schema = messageCodec('apiextensions.v1.JSONSchemaProps');
    const writer = new BackwardWriter();
    schema.writeBody(writer, { [field]: value });
    const written = writer.finish();
    expect(written.toString('latin1')).toContain(bytes);
    expect(schema.decode(written)).toEqual({ [field]: value });
  });

  it('of a list are its head and its items', () => {
    const type = { apiVersion: 'v1', listKind: 'ConfigMapList' };
    const { size, pieces } = protobufList(type, { resourceVersion: '7' }, [encodeProtobuf(configMap)]);
    const list = Buffer.concat([...pieces]);
    expect(list).toHaveLength(size);
    expect(list.toString('latin1')).toBe(
      'k8s\0\n\x13\n\x02v1\x12\rConfigMapList\x12\x1c\n\x03\x12\x017\x12\x15\n\x03\n\x01a\x12\x06\n\x01a\x12\x011\x12\x06\n\x01b\x12\x012\x1a\0"\0',
    );
  });

  it('of an event have their length in front', () => {
    const frame = protobufFrame('ADDED', Buffer.from('object'));
    expect(frame.toString('latin1')).toBe('\0\0\0\x11\n\x05ADDED\x12\x08\n\x06object');
  });

  it.each(['0001-01-01T00:00:02.000000Z', '0000-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.999999Z'])(
    'hold the time %s',
    (acquireTime) => {
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {}, spec: { acquireTime } };
      expect(decode(encodeProtobuf(lease))['spec']).toEqual({ acquireTime });
    },
  );

  it('hold numbers beyond int64 as the nearest that it has', () => {
    const object = { ...configMap, metadata: { name: 'a', generation: 2 ** 63 } };
    expect(decode(encodeProtobuf(object))['metadata']).toEqual({ name: 'a', generation: 2n ** 63n - 1n });
  });

  it('hold every int64 exactly', () => {
    for (const generation of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 2 ** 53 - 1]) {
      const object = { ...configMap, metadata: { name: 'a', generation } };
      expect(decode(encodeProtobuf(object))['metadata']).toEqual({ name: 'a', generation });
    }
  });

  it('leave out what has the wrong type', () => {
    const object = { ...configMap, data: ['x'], immutable: 'yes', metadata: null };
    expect(decode(encodeProtobuf(object))).toEqual({ apiVersion: 'v1', kind: 'ConfigMap' });
  });
});
