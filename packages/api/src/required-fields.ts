/**
 * Fills in what Go's structs always have: a required field that is absent gets its zero value, as it would be written by upstream.
 * Code behind this may rely on required texts, numbers, flags and lists; required objects may still be missing.
 */
import { isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { builtinDefinitions, referencedName, type Schema } from './definitions.js';

type Filler = (value: unknown) => void;

const fillers = new Map<string, Filler | undefined>();

/** Fills in `object`, which has the schema of the built-in definition `name`, in place. */
export function fillRequiredFields(name: string, object: JsonObject): void {
  fillerOf(name)?.(object);
}

/** Nothing for definitions without required fields in them or below them. */
function fillerOf(name: string): Filler | undefined {
  if (fillers.has(name)) return fillers.get(name);
  // Only schemas of custom kinds contain themselves, and those have no required fields.
  fillers.set(name, undefined);
  const filler = compile(builtinDefinitions()[name] ?? {});
  fillers.set(name, filler);
  return filler;
}

function compile(definition: Schema): Filler | undefined {
  const required = new Set(definition.required ?? []);
  const zeros: [string, () => unknown][] = [];
  const children: [string, Filler][] = [];
  for (const [field, schema] of Object.entries(definition.properties ?? {})) {
    const zero = required.has(field) ? zeroOf(schema) : undefined;
    if (zero) zeros.push([field, zero]);
    const child = fillerFor(schema);
    if (child) children.push([field, child]);
  }
  if (zeros.length === 0 && children.length === 0) return undefined;
  return (value) => {
    if (!isObject(value)) return;
    for (const [field, zero] of zeros) if (value[field] === undefined) value[field] = zero();
    for (const [field, child] of children) if (value[field] !== undefined) child(value[field]);
  };
}

function fillerFor(schema: Schema): Filler | undefined {
  if (schema.$ref) return fillerOf(referencedName(schema.$ref));
  const item = schema.items && fillerFor(schema.items);
  if (item) return (value) => (Array.isArray(value) ? value.forEach(item) : undefined);
  const entry = schema.additionalProperties && fillerFor(schema.additionalProperties);
  if (entry) return (value) => (isObject(value) ? Object.values(value).forEach(entry) : undefined);
  return undefined;
}

function zeroOf(schema: Schema): (() => unknown) | undefined {
  if (schema.$ref?.endsWith('.IntOrString')) return () => 0;
  switch (schema.type) {
    case 'string':
      return () => '';
    case 'integer':
    case 'number':
      return () => 0;
    case 'boolean':
      return () => false;
    case 'array':
      return () => [];
    default:
      return undefined;
  }
}
