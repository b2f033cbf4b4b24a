/** Writes src/generated: TypeScript types and OpenAPI definitions of every kind, from the official JavaScript client's models. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readApiRoots, readModels } from './client-models.js';
import { buildDefinitions, checkTables, definitionsFile, descriptionsFile } from './definitions-file.js';
import { assignFullNames, servedVersions } from './names.js';
import { typesFile } from './types-file.js';

const root = process.env['KUBELAB_ROOT'] ?? process.cwd();
const gen = join(root, 'node_modules/@kubernetes/client-node/dist/gen');
const target = join(root, 'packages/api/src/generated');

const models = await readModels(gen);
const roots = new Map<string, string[]>();
for (const { api } of servedVersions) roots.set(api, await readApiRoots(gen, api));
const names = assignFullNames(models, roots);
const definitions = buildDefinitions(models, names);
checkTables(definitions);

await mkdir(target, { recursive: true });
await writeFile(join(target, 'types.ts'), typesFile(models, names));
await writeFile(join(target, 'definitions.ts'), definitionsFile(definitions));
await writeFile(join(target, 'descriptions.ts'), descriptionsFile(definitions));
console.log(`packages/api: ${Object.keys(definitions).length} definitions`);
