// Makes everything that is generated and not committed: API types and schemas, CRI types. Each generator is one file of its own.
import { run } from './run-ts.mjs';

for (const generator of ['packages/api/generate/main.ts', 'proto/generate/main.ts']) {
  await run(generator);
}
