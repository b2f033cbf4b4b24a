import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';

/** An object as a manifest states it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/** Every object of a folder's *.yaml files, by file name; `$(NAME)` stands for the value of that name. */
export function readManifests(folder: string, values: Readonly<Record<string, string>>): Manifest[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort();
  return files.flatMap((file) => parseManifests(readFileSync(join(folder, file), 'utf8'), { file, values }));
}

export function parseManifests(
  text: string,
  { file, values }: { file: string; values: Readonly<Record<string, string>> },
): Manifest[] {
  const filled = text.replace(/\$\((\w+)\)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${file}: there is no value for $(${name})`);
    return value;
  });
  const documents = loadAll(filled, null, { filename: file }).filter((document) => document !== null);
  return documents.map((document) => {
    if (!isManifest(document)) throw new Error(`${file}: a document lacks apiVersion, kind or metadata.name`);
    return document;
  });
}

function isManifest(value: unknown): value is Manifest {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<Manifest>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string';
}
