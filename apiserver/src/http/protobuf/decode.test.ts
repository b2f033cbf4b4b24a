import { BackwardWriter } from '../../protobuf-wire/backward-writer.js';
import { ProtobufError } from '../../protobuf-wire/wire-format.js';
import { readEnvelope } from './decode.js';

/** A message from what `write` writes, last field first. */
function message(write: (writer: BackwardWriter) => void): Buffer {
  const writer = new BackwardWriter();
  write(writer);
  return writer.finish();
}

const varint = (value: number): Buffer => message((writer) => writer.int(value));
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
function bytes(field: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}
const of = (...parts: Buffer[]): Buffer => Buffer.concat(parts);

function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  return of(Buffer.from('k8s\0'), bytes(1, of(bytes(1, apiVersion), bytes(2, kind))), bytes(2, raw));
}

const decode = (body: Buffer) => readEnvelope(body).decode({ apiVersion: 'v1', kind: 'Pod' });

describe('readEnvelope', () => {
  it('reads an object and leaves out the zeros that Go writes', () => {
    const meta = of(bytes(1, 'x'), bytes(2, ''), bytes(8, ''), number(7, 0));
    const raw = of(bytes(1, meta), bytes(2, of(bytes(1, 'key'), bytes(2, 'value'))), number(4, 0));
    expect(decode(envelope('v1', 'ConfigMap', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data: { key: 'value' },
      immutable: false,
    });
  });

  it('puts a volume source where JSON has it, and reads quantities, IntOrString and probes', () => {
    const volume = of(bytes(1, 'v'), bytes(2, bytes(2, of(bytes(1, ''), bytes(2, bytes(1, '1Gi'))))));
    const port = of(number(1, 1), number(2, 0), bytes(3, 'http'));
    const http = of(bytes(1, '/'), bytes(2, port));
    const probe = of(bytes(1, bytes(2, http)), number(2, 0));
    const grpc = bytes(1, bytes(4, of(number(1, 9000), bytes(2, ''))));
    const container = of(bytes(1, 'c'), bytes(10, probe), bytes(11, grpc));
    const raw = bytes(2, of(bytes(1, volume), bytes(2, container)));
    expect(decode(envelope('v1', 'Pod', raw))['spec']).toEqual({
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }],
      containers: [
        {
          name: 'c',
          livenessProbe: { httpGet: { path: '/', port: 'http' } },
          readinessProbe: { grpc: { port: 9000, service: '' } },
        },
      ],
    });
  });

  it('keeps zeros that mean something', () => {
    const raw = bytes(2, of(number(1, 0), number(5, 0)));
    expect(decode(envelope('apps/v1', 'Deployment', raw))['spec']).toEqual({ replicas: 0 });
  });

  it('merges what comes in several parts, and takes the last of plain values', () => {
    const raw = of(bytes(1, bytes(1, 'first')), bytes(1, bytes(3, 'ns')), bytes(1, bytes(1, 'last')));
    expect(decode(envelope('v1', 'ConfigMap', raw))['metadata']).toEqual({ name: 'last', namespace: 'ns' });
  });

  it('reads packed numbers', () => {
    const context = bytes(14, bytes(4, of(varint(7), varint(300))));
    expect(decode(envelope('v1', 'Pod', bytes(2, context)))['spec']).toEqual({
      securityContext: { supplementalGroups: [7, 300] },
    });
  });

  it.each([
    [0, undefined],
    [1, 1],
    [-1, -1],
    [2 ** 31, 2 ** 31],
    [2 ** 53 - 1, 2 ** 53 - 1],
    [-(2 ** 53) + 1, -(2 ** 53) + 1],
    [-(2 ** 63), -(2n ** 63n)],
  ])('reads the int64 %d', (value, expected) => {
    const raw = bytes(1, number(7, value));
    expect(decode(envelope('v1', 'ConfigMap', raw))).toMatchObject({
      metadata: expected === undefined ? {} : { generation: expected },
    });
  });

  it('knows kinds by their group, not by its first word', () => {
    expect(() => decode(envelope('apps.example.com/v1', 'Deployment', Buffer.alloc(0)))).toThrow('no protobuf form');
    expect(decode(envelope('rbac.authorization.k8s.io/v1', 'Role', Buffer.alloc(0)))['kind']).toBe('Role');
  });

  const truncated = envelope('v1', 'ConfigMap', bytes(1, bytes(1, 'name')));
  it.each([
    ['JSON', Buffer.from('{"a":1}'), 'expected prefix 6b387300'],
    ['nothing', Buffer.alloc(0), 'expected prefix 6b387300'],
    ['an unknown kind', envelope('v1', 'Frob', Buffer.alloc(0)), 'no protobuf form of kind "Frob" of version "v1"'],
    ['a truncated envelope', truncated.subarray(0, -3), 'unexpected EOF'],
    ['a truncated object', envelope('v1', 'Pod', Buffer.from([18, 200])), 'unexpected EOF'],
    ['a length beyond the end', envelope('v1', 'Pod', of(varint(10), varint(2 ** 40))), 'unexpected EOF'],
    ['a length beyond all', envelope('v1', 'Pod', of(varint(10), Buffer.alloc(9, 0xff))), 'unexpected EOF'],
    ['a number without end', envelope('v1', 'Pod', of(varint(10), Buffer.alloc(11, 0xff))), 'integer overflow'],
    ['field 0', envelope('v1', 'Pod', Buffer.from([2, 0])), 'illegal tag 0'],
    ['a wire type that does not exist', envelope('v1', 'Pod', Buffer.from([0x9e, 0x06])), 'illegal wireType 6'],
    ['the end of no group', envelope('v1', 'Pod', Buffer.from([0x9c, 0x06])), 'illegal wireType 4'],
    ['a field of another type', envelope('v1', 'Pod', number(1, 5)), 'wrong wireType = 0 for field metadata'],
    ['a time out of range', envelope('v1', 'Pod', bytes(1, bytes(8, number(1, 2 ** 50)))), 'outside of range'],
    ['broken JSON inside', envelope('apps/v1', 'ControllerRevision', bytes(2, bytes(1, '{"a":'))), 'proto: '],
    ['a prototype', envelope('v1', 'ConfigMap', bytes(2, of(bytes(1, '__proto__'), bytes(2, 'x')))), '__proto__'],
  ])('refuses %s', (_name, body, text) => {
    expect(() => decode(body)).toThrow(ProtobufError);
    expect(() => decode(body)).toThrow(text);
  });

  it('survives messages inside each other without end', () => {
    let schema: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 2000; depth++) schema = bytes(28, schema);
    const version = bytes(4, bytes(1, schema));
    const body = envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', bytes(2, bytes(7, version)));
    expect(() => decode(body)).toThrow('exceeded max depth');
    expect(() => decode(envelope('v1', 'Pod', Buffer.alloc(1_000_000, 0x9b)))).toThrow(ProtobufError);
  });

  it('skips fields it does not know, of every type', () => {
    const group = Buffer.from([0x9b, 0x06, 0x08, 0x01, 0x9c, 0x06]);
    const raw = of(
      number(99, 1),
      bytes(99, 'x'),
      Buffer.from([0x99, 0x06]),
      Buffer.alloc(8),
      group,
      bytes(1, bytes(1, 'a')),
    );
    expect(decode(envelope('v1', 'ConfigMap', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
    });
  });

  it('answers every damaged body with an error or an object', () => {
    const raw = of(
      bytes(1, of(bytes(1, 'x'), bytes(8, number(1, 1_700_000_000)))),
      bytes(2, of(bytes(1, 'k'), bytes(2, 'v'))),
    );
    const good = envelope('v1', 'ConfigMap', raw);
    for (let at = 0; at < good.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] as number) ^ flip;
        try {
          decode(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError);
        }
      }
    }
  });
});
