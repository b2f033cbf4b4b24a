/** Which definitions a document needs. */
import { type Definitions, referencedName, type Schema } from '../definitions.js';

/** `roots` and everything they refer to, sorted by name. Throws Error for a reference to nothing. */
export function reachableDefinitions(definitions: Definitions, roots: Iterable<string>): Record<string, Schema> {
  const found = new Map<string, Schema>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    const schema = definitions[name];
    if (!schema) throw new Error(`there is no definition ${name}`);
    found.set(name, schema);
    for (const reference of referencesIn(schema)) visit(reference);
  };
  for (const root of roots) visit(root);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function referencesIn(schema: Schema): string[] {
  return [
    ...(schema.$ref ? [referencedName(schema.$ref)] : []),
    ...Object.values(schema.properties ?? {}).flatMap(referencesIn),
    ...(schema.items ? referencesIn(schema.items) : []),
    ...(schema.additionalProperties ? referencesIn(schema.additionalProperties) : []),
  ];
}
