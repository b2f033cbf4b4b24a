import protobuf from 'protobufjs/minimal.js';
import { readEnvelope } from './decode.js';
import { ProtobufError } from './wire-format.js';

type Writer = InstanceType<typeof protobuf.Writer>;
const message = (write: (writer: Writer) => void): Uint8Array => {
  const writer = protobuf.Writer.create();
  write(writer);
  return writer.finish();
};

function envelope(apiVersion: string, kind: string, raw: Uint8Array): Buffer {
  const typeMeta = message((writer) => writer.uint32(10).string(apiVersion).uint32(18).string(kind));
  const unknown = message((writer) => writer.uint32(10).bytes(typeMeta).uint32(18).bytes(raw));
  return Buffer.concat([Buffer.from('k8s\0'), unknown]);
}

const decode = (body: Buffer) => readEnvelope(body).decode({ apiVersion: 'v1', kind: 'Pod' });

describe('readEnvelope', () => {
  it('reads an object and leaves out the zeros that Go writes', () => {
    const meta = message((writer) =>
      writer.uint32(10).string('x').uint32(18).string('').uint32(66).bytes(new Uint8Array()).uint32(56).int64(0),
    );
    const entry = message((writer) => writer.uint32(10).string('key').uint32(18).string('value'));
    const raw = message((writer) => writer.uint32(10).bytes(meta).uint32(18).bytes(entry).uint32(32).bool(false));
    expect(decode(envelope('v1', 'ConfigMap', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data: { key: 'value' },
      immutable: false,
    });
  });

  it('puts a volume source where JSON has it, and reads quantities and IntOrString', () => {
    const emptyDir = message((writer) => {
      const limit = message((inner) => inner.uint32(10).string('1Gi'));
      writer.uint32(10).string('').uint32(18).bytes(limit);
    });
    const source = message((writer) => writer.uint32(18).bytes(emptyDir));
    const volume = message((writer) => writer.uint32(10).string('v').uint32(18).bytes(source));
    const port = message((writer) => writer.uint32(8).int64(1).uint32(16).int32(0).uint32(26).string('http'));
    const http = message((writer) => writer.uint32(10).string('/').uint32(18).bytes(port));
    const handler = message((writer) => writer.uint32(18).bytes(http));
    const probe = message((writer) => writer.uint32(10).bytes(handler).uint32(16).int32(0));
    const container = message((writer) => writer.uint32(10).string('c').uint32(82).bytes(probe));
    const spec = message((writer) => writer.uint32(10).bytes(volume).uint32(18).bytes(container));
    const raw = message((writer) => writer.uint32(18).bytes(spec));
    expect(decode(envelope('v1', 'Pod', raw))['spec']).toEqual({
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }],
      containers: [{ name: 'c', livenessProbe: { httpGet: { path: '/', port: 'http' } } }],
    });
  });

  it('keeps zeros that mean something', () => {
    const spec = message((writer) => writer.uint32(8).int32(0).uint32(40).int32(0));
    const raw = message((writer) => writer.uint32(18).bytes(spec));
    expect(decode(envelope('apps/v1', 'Deployment', raw))['spec']).toEqual({ replicas: 0 });
  });

  it.each([
    ['JSON', Buffer.from('{"a":1}'), 'expected prefix 6b387300'],
    ['nothing', Buffer.alloc(0), 'expected prefix 6b387300'],
    ['a truncated body', envelope('v1', 'Pod', Buffer.from([18, 200])), 'proto: '],
    ['an unknown kind', envelope('v1', 'Frob', Buffer.alloc(0)), 'no protobuf form of kind "Frob" of version "v1"'],
    ['an unknown field', envelope('v1', 'ConfigMap', Buffer.from([0x98, 0x06, 1])), 'field 99 of core.v1.ConfigMap'],
  ])('refuses %s', (_name, body, text) => {
    expect(() => decode(body)).toThrow(ProtobufError);
    expect(() => decode(body)).toThrow(text);
  });

  it('skips unknown fields that say nothing', () => {
    expect(decode(envelope('v1', 'ConfigMap', Buffer.from([0x98, 0x06, 0, 0x9a, 0x06, 0])))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
    });
  });
});
