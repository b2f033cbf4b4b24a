/** RFC 6902 JSON patch, with the limits and errors of upstream's library (evanphx/json-patch). */

import { stringifyExact } from './exact-json.js';
import { deepClone, deepEqual, describeJson, getOwn, isObject, type JsonObject, setOwn } from './json.js';
import { patchDoesNotApply } from './patch-error.js';
import { badRequest, requestEntityTooLarge } from './status-error.js';

export interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  from?: string;
  value?: unknown;
}

const maxOperations = 10_000;
/** Bytes that all copy operations of a patch may add: the limit of a request's body. */
const maxCopied = 3 * 1024 * 1024;

type Container = JsonObject | unknown[];

class DoesNotApply extends Error {}

/** `/a~1b/0` → `['a/b', '0']`. The path of the whole document has no last part and cannot be a target. */
function parsePointer(pointer: string): string[] | undefined {
  const parts = pointer.split('/');
  if (parts.length < 2) return undefined;
  return parts.slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function arrayIndex(key: string, size: number): number {
  if (!/^[-+]?[0-9]+$/.test(key)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
    throw new DoesNotApply(`value was not a proper array index: '${key}': ${why}`);
  }
  const index = Number(key);
  const resolved = index < 0 ? index + size : index;
  if (resolved < 0 || resolved >= size) {
    throw new DoesNotApply(`Unable to access invalid index: ${index}: invalid index referenced`);
  }
  return resolved;
}

function read(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[arrayIndex(key, container.length)];
  if (Object.hasOwn(container, key)) return container[key];
  throw new DoesNotApply(`unable to get nonexistent key: ${key}: missing value`);
}

function insert(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) setOwn(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(arrayIndex(key, container.length + 1), 0, value);
}

function drop(container: Container, key: string): void {
  if (Array.isArray(container)) {
    container.splice(arrayIndex(key, container.length), 1);
    return;
  }
  if (!Object.hasOwn(container, key)) {
    throw new DoesNotApply(`unable to remove nonexistent key: ${key}: missing value`);
  }
  delete container[key];
}

interface Target {
  container: Container;
  key: string;
}

/** The object or array that holds the last part of `path`. */
function locate(document: Container, path: string): Target | undefined {
  const parts = parsePointer(path);
  if (!parts) return undefined;
  let container: Container = document;
  for (const part of parts.slice(0, -1)) {
    let next: unknown;
    if (Array.isArray(container)) next = /^-?[0-9]+$/.test(part) ? container.at(Number(part)) : undefined;
    else next = getOwn(container, part);
    if (!isObject(next) && !Array.isArray(next)) return undefined;
    container = next;
  }
  return { container, key: parts[parts.length - 1] ?? '' };
}

/** Runs `action` and puts `context` in front of what it throws. */
function within<T>(context: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof DoesNotApply) throw new DoesNotApply(`${context}: ${cause.message}`);
    throw cause;
  }
}

class Patcher {
  private copied = 0;

  constructor(private readonly document: Container) {}

  apply(operation: JsonPatchOperation): void {
    const { op } = operation;
    if (op === 'add') this.add(operation);
    else if (op === 'remove') this.remove(operation);
    else if (op === 'replace') this.replace(operation);
    else if (op === 'move') this.move(operation);
    else if (op === 'copy') this.copy(operation);
    else if (op === 'test') this.test(operation);
    else throw new DoesNotApply(`Unexpected kind: ${String(op)}`);
  }

  private find(path: string, failure: string): Target {
    const target = locate(this.document, path);
    if (!target) throw new DoesNotApply(`${failure}: missing value`);
    return target;
  }

  private add({ path, value }: JsonPatchOperation): void {
    const target = this.find(path, `add operation does not apply: doc is missing path: "${path}"`);
    within(`error in add for path: '${path}'`, () => insert(target.container, target.key, valueOrNull(value)));
  }

  private remove({ path }: JsonPatchOperation): void {
    const target = this.find(path, `remove operation does not apply: doc is missing path: "${path}"`);
    within(`error in remove for path: '${path}'`, () => drop(target.container, target.key));
  }

  private replace({ path, value }: JsonPatchOperation): void {
    const { container, key } = this.find(path, `replace operation does not apply: doc is missing path: ${path}`);
    try {
      read(container, key);
    } catch (cause) {
      if (!(cause instanceof DoesNotApply)) throw cause;
      throw new DoesNotApply(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
    if (Array.isArray(container)) container[arrayIndex(key, container.length)] = valueOrNull(value);
    else setOwn(container, key, valueOrNull(value));
  }

  private move({ path, from = '' }: JsonPatchOperation): void {
    const source = this.find(from, `move operation does not apply: doc is missing from path: ${from}`);
    const value = within(`error in move for path: '${source.key}'`, () => {
      const moved = read(source.container, source.key);
      drop(source.container, source.key);
      return moved;
    });
    const target = this.find(path, `move operation does not apply: doc is missing destination path: ${path}`);
    within(`error in move for path: '${path}'`, () => insert(target.container, target.key, value));
  }

  private copy({ path, from = '' }: JsonPatchOperation): void {
    const source = this.find(from, `copy operation does not apply: doc is missing from path: ${from}`);
    const value = within(`error in copy for path: '${source.key}'`, () => read(source.container, source.key));
    const target = this.find(path, `copy operation does not apply: doc is missing destination path: ${path}`);
    this.copied += stringifyExact(value).length;
    if (this.copied > maxCopied) {
      throw new DoesNotApply(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.copied}, exceeding the limit ${maxCopied}`,
      );
    }
    within('error while adding value during copy', () => insert(target.container, target.key, deepClone(value)));
  }

  private test({ path, value }: JsonPatchOperation): void {
    const { container, key } = this.find(path, `test operation does not apply: is missing path: ${path}`);
    let actual: unknown = null;
    if (Array.isArray(container)) actual = within(`error in test for path: '${path}'`, () => read(container, key));
    else actual = getOwn(container, key) ?? null;
    if (!deepEqual(actual, value ?? null)) throw new DoesNotApply(`testing value ${path} failed: test failed`);
  }
}

/** Patches are used again on a retry: what goes into the document must not be theirs. */
const valueOrNull = (value: unknown): unknown => (value === undefined ? null : deepClone(value));

/** Checks the form of a patch that came as JSON. Throws StatusError 400, or 413 for more than 10,000 operations. */
export function decodeJsonPatch(patch: unknown): JsonPatchOperation[] {
  if (!Array.isArray(patch)) {
    const got = describeJson(patch);
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${got} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > maxOperations) {
    throw requestEntityTooLarge(
      `Request entity is too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  for (const operation of patch) {
    if (!isObject(operation)) {
      const got = describeJson(operation);
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${got} into Go value of type handlers.jsonPatchOp`,
      );
    }
    for (const field of ['op', 'path', 'from']) checkText(operation, field);
  }
  return patch as JsonPatchOperation[];
}

function checkText(operation: JsonObject, field: string): void {
  const value = getOwn(operation, field);
  if (value === undefined || typeof value === 'string') return;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${describeJson(value)} into Go struct field jsonPatchOp.${field} of type string`,
  );
}

/**
 * The patched copy of `document`; both arguments stay as they are. Negative indices count from the end. Throws StatusError: 400 for a
 * malformed patch, 413 for too many operations, 422 (reason in `cause`) for one that does not fit.
 */
export function applyJsonPatch(document: JsonObject, patch: unknown): JsonObject {
  const operations = decodeJsonPatch(patch);
  const result = deepClone(document);
  const patcher = new Patcher(result);
  try {
    for (const operation of operations) patcher.apply({ ...operation, path: operation.path ?? '' });
  } catch (cause) {
    if (cause instanceof DoesNotApply) throw patchDoesNotApply(cause.message);
    throw cause;
  }
  return result;
}
