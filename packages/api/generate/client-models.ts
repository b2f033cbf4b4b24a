/** Reads the models of @kubernetes/client-node, which upstream generates from its own OpenAPI document. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface ModelField {
  /** As in JSON: renames that the client makes for JavaScript's sake (`_continue`) are undone. */
  readonly name: string;
  /** The client's type expression: `string`, `Array<V1Container>`, `{ [key: string]: string; }`. */
  readonly type: string;
  readonly format: string;
  readonly required: boolean;
  readonly description: string;
}

export interface Model {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly ModelField[];
}

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

/** Every model of the client by its name there. `gen` is the client's `dist/gen` folder. */
export async function readModels(gen: string): Promise<Map<string, Model>> {
  const all = (await import(pathToFileURL(join(gen, 'models/all.js')).href)) as Record<
    string,
    { attributeTypeMap?: Attribute[] }
  >;
  const models = new Map<string, Model>();
  for (const [name, model] of Object.entries(all)) {
    if (!model.attributeTypeMap) continue;
    const declaration = await readFile(join(gen, `models/${name}.d.ts`), 'utf8');
    models.set(name, describeModel(name, model.attributeTypeMap, declaration));
  }
  return models;
}

function describeModel(name: string, attributes: readonly Attribute[], declaration: string): Model {
  const start = declaration.indexOf('export declare class');
  const head = declaration.slice(0, start).match(/\/\*\*\n((?:(?!\*\/)[\s\S])*)\*\/\s*$/);
  const members = readMembers(declaration.slice(start));
  return {
    name,
    description: cleanComment(head?.[1] ?? ''),
    fields: attributes.map((attribute) => {
      const member = members.get(attribute.name);
      return {
        name: attribute.baseName,
        type: attribute.type,
        format: attribute.format,
        required: member?.required ?? false,
        description: member?.description ?? '',
      };
    }),
  };
}

function readMembers(body: string): Map<string, { required: boolean; description: string }> {
  const members = new Map<string, { required: boolean; description: string }>();
  const pattern = /(?:\/\*\*\n((?:(?!\*\/)[\s\S])*)\*\/\s*)?'([^'\n]+)'(\??): /g;
  for (const [, comment = '', name = '', optional] of body.matchAll(pattern)) {
    members.set(name, { required: optional !== '?', description: cleanComment(comment) });
  }
  return members;
}

function cleanComment(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*\s?/, ''))
    .join('\n')
    .trim()
    .replace(/\\(["'`])/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#x60;', '`')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x3D;', '=')
    .replaceAll('&amp;', '&')
    .replaceAll('*_/', '*/');
}

/** Models that an API class of the client takes or gives, e.g. of `AppsV1Api`. */
export async function readApiRoots(gen: string, api: string): Promise<string[]> {
  const source = await readFile(join(gen, `apis/${api}.d.ts`), 'utf8');
  return [...source.matchAll(/from '\.\.\/models\/(\w+)\.js'/g)].map((match) => match[1] ?? '');
}

/** Names of models inside a type expression. */
export function modelNames(type: string, models: ReadonlyMap<string, Model>): string[] {
  return (type.match(/\w+/g) ?? []).filter((word) => models.has(word));
}
