// Makes everything that is generated and not committed: API types and schemas, CRI types. Each generator is one file of its own.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run-ts.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

for (const generator of ['packages/api/generate/main.ts', 'proto/generate/main.ts']) {
  if (existsSync(resolve(root, generator))) await run(generator);
}
