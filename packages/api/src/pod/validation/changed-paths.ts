/** A short account of what differs between two objects, for messages to people. */
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import { deepEqual, getOwn, isObject } from '@kubelab/apimachinery/json';

/** One line per field: `spec.hostname: "a" -> "b"`. Lists are followed where their lengths agree. */
export function changedPaths(before: unknown, after: unknown, path: string): string {
  return [...changes(before, after, path)].join('\n');
}

function* changes(before: unknown, after: unknown, path: string): Generator<string> {
  if (deepEqual(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      yield* changes(getOwn(before, key), getOwn(after, key), `${path}.${key}`);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (let index = 0; index < before.length; index++)
      yield* changes(before[index], after[index], `${path}[${index}]`);
  } else {
    yield `${path}: ${show(before)} -> ${show(after)}`;
  }
}

function show(value: unknown): string {
  return value === undefined ? '<unset>' : stringifyExact(value);
}
