/** Turns the .proto files into TypeScript: the types of messages and services, and the descriptor, so that no program reads a .proto file at run time. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { renderTypes } from './types.js';

const root = process.env['KUBELAB_ROOT'] ?? process.cwd();
const outdir = join(root, 'proto/src/generated');
const head = '// Generated from proto/ by proto/generate/main.ts; do not edit.\n';

const runtimeV1 = protobuf.loadSync(join(root, 'proto/runtime/v1/api.proto')).resolveAll();
mkdirSync(outdir, { recursive: true });
writeFileSync(join(outdir, 'runtime-v1.ts'), head + renderTypes(runtimeV1.lookup('runtime.v1') as protobuf.Namespace));
writeFileSync(
  join(outdir, 'runtime-v1-descriptor.ts'),
  `${head}\n/** The descriptor of package runtime.v1 in protobufjs' JSON form. */\nexport const descriptor: object = ${JSON.stringify(runtimeV1.toJSON())};\n`,
);
