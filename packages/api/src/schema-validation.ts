/**
 * Brings a decoded object in line with its definition, as upstream's typed decoding does: unknown fields, nulls and empty optional lists and
 * maps go, quantities and times get their canonical form, and a value of the wrong type is an error.
 */
import { describeJson, isObject, type JsonObject } from '@kubelab/apimachinery/json';
import { badRequest, type StatusError } from '@kubelab/apimachinery/status-error';
import { DecodeContext } from './decode-context.js';
import { builtinDefinitions, type Definitions, referencedName, type Schema } from './definitions.js';
import { goType, goTypeOf, shortName, zeroOf } from './go-types.js';
import {
  type Check,
  checkAnyObject,
  checkBoolean,
  checkBytes,
  checkInt32,
  checkInt64,
  checkNumber,
  checkString,
  specialChecks,
} from './scalar-checks.js';

export { DecodeError } from './decode-context.js';

/** A definition made ready for many objects. */
export interface CompiledSchema {
  /**
   * Changes `object` in place and returns the paths of the fields it dropped because the schema does not know them (`spec.foo`,
   * `spec.containers[0].bar`). Throws {@link DecodeError} with upstream's wording for a value of the wrong type.
   */
  conform(object: JsonObject): string[];
}

const compiledBuiltins = new Map<string, CompiledSchema>();

/** The compiled form of a built-in definition, made once. Throws Error for a name that does not exist. */
export function builtinSchema(name: string): CompiledSchema {
  let compiled = compiledBuiltins.get(name);
  if (!compiled) {
    compiled = compileSchema(name, builtinDefinitions());
    compiledBuiltins.set(name, compiled);
  }
  return compiled;
}

export function compileSchema(name: string, definitions: Definitions): CompiledSchema {
  const check = new Compiler(definitions).reference(name);
  return {
    conform(object) {
      const context = new DecodeContext();
      check(object, context);
      return context.unknownFields;
    },
  };
}

/** `unknown field "spec.foo"`: the text of a warning, and of each part of a strict decoding error. */
export function unknownFieldText(path: string): string {
  return `unknown field ${JSON.stringify(path)}`;
}

/** `duplicate field "spec.foo"`, likewise. */
export function duplicateFieldText(path: string): string {
  return `duplicate field ${JSON.stringify(path)}`;
}

/** 400 for a body that cannot be decoded; `cause` is worded by {@link DecodeError} or {@link strictDecodingText}. */
export function undecodable(kind: string, version: string, cause: string): StatusError {
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${cause}`);
}

/** What fieldValidation=Strict says about `problems`, each worded by {@link unknownFieldText} or {@link duplicateFieldText}. */
export function strictDecodingText(problems: readonly string[]): string {
  return `strict decoding error: ${problems.join(', ')}`;
}

class Compiler {
  private readonly objects = new Map<string, Check>();

  constructor(private readonly definitions: Definitions) {}

  reference(name: string): Check {
    const special = specialChecks[shortName(name)];
    if (special) return special;
    const known = this.objects.get(name) ?? this.schemaAlternative(name);
    if (known) return known;
    const definition = this.definitions[name];
    if (!definition) throw new Error(`there is no definition ${name}`);
    // Definitions may contain themselves: the name is taken before the fields are compiled.
    let check: Check = (value) => value;
    this.objects.set(name, (value, context) => check(value, context));
    check = this.object(definition, name);
    this.objects.set(name, check);
    return check;
  }

  /** The places in JSON schemas where something else may stand instead of a schema: a flag, or a list. */
  private schemaAlternative(name: string): Check | undefined {
    const other = /^(.*\.JSONSchemaProps)Or(Bool|Array|StringArray)$/.exec(name);
    if (!other?.[1]) return undefined;
    const schema = this.reference(other[1]);
    const items = other[2] === 'StringArray' ? checkString : schema;
    return (value, context) => {
      if (other[2] === 'Bool' && typeof value === 'boolean') return value;
      if (other[2] === 'Bool' || !Array.isArray(value)) return schema(value, context);
      for (const [index, item] of value.entries()) {
        context.enterItem(index);
        items(item, context);
        context.leaveItem();
      }
      return value;
    };
  }

  private schema(schema: Schema): Check {
    if (schema.$ref) return this.reference(referencedName(schema.$ref));
    switch (schema.type) {
      case 'string':
        return schema.format === 'byte' ? checkBytes : checkString;
      case 'boolean':
        return checkBoolean;
      case 'integer':
        return schema.format === 'int64' ? checkInt64 : checkInt32;
      case 'number':
        return checkNumber;
      case 'array':
        return this.list(schema.items ?? {});
      case 'object':
        return schema.additionalProperties ? this.map(schema.additionalProperties) : checkAnyObject;
      default:
        return (value) => value;
    }
  }

  private object(definition: Schema, name: string): Check {
    // Without a type: any JSON. An object without properties is a struct without fields.
    if (definition.type === undefined && !definition.properties) return (value) => value;
    const struct = shortName(name);
    const required = new Set(definition.required ?? []);
    const fields = new Map<string, Check>();
    for (const [field, schema] of Object.entries(definition.properties ?? {})) {
      const check = this.schema(schema);
      const droppable = !required.has(field) && (schema.type === 'array' || schema.additionalProperties !== undefined);
      fields.set(field, droppable ? dropEmpty(check) : check);
    }
    return (value, context) => {
      if (!isObject(value)) throw context.wrongType(describeJson(value), goType(name));
      checkFields(value, fields, struct, context);
      return value;
    };
  }

  private list(items: Schema): Check {
    const check = this.schema(items);
    const type = `[]${goTypeOf(items)}`;
    return (value, context) => {
      if (!Array.isArray(value)) throw context.wrongType(describeJson(value), type);
      for (let index = 0; index < value.length; index++) {
        context.enterItem(index);
        value[index] = value[index] === null ? zeroOf(items) : check(value[index], context);
        context.leaveItem();
      }
      return value;
    };
  }

  private map(values: Schema): Check {
    const check = this.schema(values);
    const type = `map[string]${goTypeOf(values)}`;
    return (value, context) => {
      if (!isObject(value)) throw context.wrongType(describeJson(value), type);
      for (const key of Object.keys(value)) {
        context.enterItem(key);
        value[key] = value[key] === null ? zeroOf(values) : check(value[key], context);
        context.leaveItem();
      }
      return value;
    };
  }
}

function checkFields(
  object: JsonObject,
  fields: ReadonlyMap<string, Check>,
  struct: string,
  context: DecodeContext,
): void {
  const outer = context.struct;
  for (const key of Object.keys(object)) {
    const check = fields.get(key);
    const value = object[key];
    if (!check) context.addUnknown(key);
    if (!check || value === null) {
      delete object[key];
      continue;
    }
    context.struct = struct;
    context.enterField(key);
    const kept = check(value, context);
    context.leaveField();
    if (kept === undefined) delete object[key];
    else if (kept !== value) object[key] = kept;
  }
  context.struct = outer;
}

/** Go leaves out empty lists and maps when it writes an object, so none are kept. */
function dropEmpty(check: Check): Check {
  return (value, context) => {
    const kept = check(value, context);
    const empty = Array.isArray(kept) ? kept.length === 0 : isObject(kept) && Object.keys(kept).length === 0;
    return empty ? undefined : kept;
  };
}
