/** Checks that an applied configuration fits its schema, as far as merging needs it. */

import { goSyntax, goType, goValue } from '../go-format.js';
import { isObject } from '../json.js';
import type { ListSchema, ScalarSchema, TypeSchema } from '../schema.js';
import { fieldElement, formatElement } from './path-element.js';
import { atomOf, ItemIdentityError, itemElement, type ObjectSchema } from './typed-value.js';

/** Everything that is wrong with `value`, each as `<path>: <upstream's message>`. */
export function validateTyped(schema: TypeSchema, value: unknown): string[] {
  const errors: string[] = [];
  new Validator(errors).visit(schema, value, '');
  return errors;
}

/** Upstream's text for one or several errors. */
export function formatTypedErrors(errors: readonly string[]): string {
  return errors.length === 1 ? (errors[0] ?? '') : ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');
}

/** Values print as Go prints its wrapper around them. */
const wrapped = (value: unknown): string => `&value.valueUnstructured{Value:${goSyntax(value)}}`;
const pointed = (value: unknown): string => `&{${goValue(value)}}`;

class Validator {
  constructor(private readonly errors: string[]) {}

  visit(schema: TypeSchema, value: unknown, path: string): void {
    if (value === null || value === undefined) return;
    const atom = atomOf(schema, value);
    if (atom.kind === 'list') this.list(atom.schema, value, path);
    else if (atom.kind === 'object') this.object(atom.schema, value, path);
    else if (schema.kind === 'scalar') this.scalar(schema, value, path);
  }

  private fail(path: string, message: string): void {
    this.errors.push(path === '' ? message : `${path}: ${message}`);
  }

  private scalar(schema: ScalarSchema, value: unknown, path: string): void {
    if (schema.type === 'any') {
      if (typeof value === 'object') this.fail(path, `expected any scalar, got ${pointed(value)}`);
    } else if (typeof value !== schema.type && !(schema.type === 'number' && typeof value === 'bigint')) {
      if (schema.type === 'number') this.fail(path, `expected numeric (int or float), got ${goType(value)}`);
      else this.fail(path, `expected ${schema.type}, got ${wrapped(value)}`);
    }
  }

  private list(schema: ListSchema, value: unknown, path: string): void {
    if (!Array.isArray(value)) {
      this.fail(path, `expected list, got ${pointed(value)}`);
      return;
    }
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      const element = this.identify(schema, item, index, path);
      if (element === undefined) return;
      if (schema.listType !== 'atomic' && seen.has(element)) {
        this.fail(path, `duplicate entries for key ${formatElement(element)}`);
      }
      seen.add(element);
      this.visit(schema.items, item, path + formatElement(element));
    }
  }

  private identify(schema: ListSchema, item: unknown, index: number, path: string): string | undefined {
    try {
      return itemElement(schema, item, index);
    } catch (cause) {
      if (!(cause instanceof ItemIdentityError)) throw cause;
      this.fail(path, `element ${index}: ${cause.message}`);
      return undefined;
    }
  }

  private object(schema: ObjectSchema, value: unknown, path: string): void {
    if (!isObject(value)) {
      this.fail(path, `expected map, got ${pointed(value)}`);
      return;
    }
    for (const [name, field] of Object.entries(value)) {
      const below = path + formatElement(fieldElement(name));
      const type = schema.kind === 'map' ? schema.values : (schema.field(name)?.type ?? schema.unknown);
      if (!type) {
        this.fail(below, 'field not declared in schema');
        return;
      }
      this.visit(type, field, below);
    }
  }
}
