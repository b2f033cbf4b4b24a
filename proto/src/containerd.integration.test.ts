/** The contract against a runtime that was built from upstream's: containerd carries the description of the messages it speaks. */
import { readFileSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import descriptor, { type IDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';

const containerd = '/usr/bin/containerd';

/** The compressed FileDescriptorProto of a package, as Go programs keep it. */
function embeddedDescriptor(program: Buffer, packageName: string): IFileDescriptorProto {
  const magic = Buffer.from([0x1f, 0x8b, 0x08, 0x00]);
  for (let at = program.indexOf(magic); at >= 0; at = program.indexOf(magic, at + 1)) {
    const file = decodeFile(program.subarray(at, at + 100_000));
    if (file?.package === packageName) return file;
  }
  throw new Error(`${containerd} describes no package ${packageName}`);
}

function decodeFile(compressed: Buffer): IFileDescriptorProto | undefined {
  try {
    // What follows the stream in the program is no part of it.
    const bytes = gunzipSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH });
    return descriptor.FileDescriptorProto.toObject(
      descriptor.FileDescriptorProto.decode(bytes),
    ) as IFileDescriptorProto;
  } catch {
    // Not every place that looks like the beginning of a stream is one.
    return undefined;
  }
}

/** The same bytes on the wire. */
const stringType = 9;
const bytesType = 12;

/** `Message.field` to everything that matters on the wire. */
function fieldsOf(messages: readonly IDescriptorProto[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const message of messages) {
    for (const { name: field, number, label, type, typeName } of message.field ?? []) {
      // The entries of maps are messages nested in the message, under names that only their maker sees.
      const entry = message.nestedType?.find((nested) => nested.name === short(typeName));
      const kind = entry ? entry.field?.map((item) => item.type).join() : short(typeName);
      fields.set(
        `${message.name}.${field}`,
        JSON.stringify([number, label ?? 1, type === stringType ? bytesType : type, kind]),
      );
    }
  }
  return fields;
}

function enumsOf(file: IFileDescriptorProto): Map<string, number> {
  return new Map(
    (file.enumType ?? []).flatMap(({ name, value }) =>
      (value ?? []).map((item): [string, number] => [`${name}.${item.name}`, item.number ?? 0]),
    ),
  );
}

function methodsOf(file: IFileDescriptorProto): string[] {
  return (file.service ?? []).flatMap(({ name, method }) =>
    (method ?? []).map((item) => `${name}.${item.name}(${short(item.inputType)}) ${short(item.outputType)}`),
  );
}

function short(type: string | undefined): string {
  return (type ?? '').replace(/^.*\./, '');
}

function ownDescriptor(): IFileDescriptorProto {
  const root = new protobuf.Root();
  protobuf.parse(readFileSync(new URL('../runtime/v1/api.proto', import.meta.url), 'utf8'), root, { keepCase: true });
  root.resolveAll();
  const { file } = descriptor.FileDescriptorSet.toObject(root.toDescriptor('proto3')) as {
    file: IFileDescriptorProto[];
  };
  const own = file.find((item) => item.package === 'runtime.v1');
  if (!own) throw new Error('api.proto has no package runtime.v1');
  return own;
}

describe('runtime/v1/api.proto and containerd', () => {
  const theirs = embeddedDescriptor(readFileSync(containerd), 'runtime.v1');
  const own = ownDescriptor();

  test('every field that both have has one number and one type', () => {
    const ours = fieldsOf(own.messageType ?? []);
    const shared = [...fieldsOf(theirs.messageType ?? [])].filter(([name]) => ours.has(name));
    expect(shared.length).toBeGreaterThan(300);
    expect(
      shared.filter(([name, wire]) => ours.get(name) !== wire).map(([name, wire]) => [name, wire, ours.get(name)]),
    ).toEqual([]);
  });

  test('no number means one thing here and another there', () => {
    const numbers = (fields: Map<string, string>): Map<string, string> =>
      new Map(
        [...fields].map(([name, wire]) => [
          `${name.slice(0, name.lastIndexOf('.'))} ${(JSON.parse(wire) as [number])[0]}`,
          name,
        ]),
      );
    const ours = numbers(fieldsOf(own.messageType ?? []));
    const other = [...numbers(fieldsOf(theirs.messageType ?? []))].filter(
      ([number, name]) => (ours.get(number) ?? name) !== name,
    );
    // Upstream gave this number another meaning while the event stream was new; containerd 1.6 does not serve it.
    const changed = ['ContainerEventResponse 4'];
    expect(other.filter(([number]) => !changed.includes(number))).toEqual([]);
  });

  test('enums and methods are the same, as far as containerd has them', () => {
    const values = enumsOf(own);
    expect([...enumsOf(theirs)].filter(([name, number]) => values.get(name) !== number)).toEqual([]);
    expect(methodsOf(own)).toEqual(expect.arrayContaining(methodsOf(theirs)));
  });
});
