/** The table of field numbers, ready for decoding. */

import { fieldNumbers } from './field-numbers.js';

export interface MessageField {
  readonly name: string;
  /** A scalar type, or the full name of a message: `core.v1.PodSpec`. */
  readonly type: string;
  readonly repeated: boolean;
  /** Set for maps: the type of the values (keys are strings). */
  readonly mapOf?: string;
}

export interface Message {
  /** `core.v1.PodSpec`. */
  readonly name: string;
  readonly fields: ReadonlyMap<number, MessageField>;
}

const scalars = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);
/** Messages with a JSON form of their own, known in every package by these names. */
const shared = new Set(['Quantity', 'IntOrString', 'RawExtension']);

let parsed: ReadonlyMap<string, Message> | undefined;

/** Undefined for a message that the table does not hold. */
export function findMessage(name: string): Message | undefined {
  parsed ??= parseTable(fieldNumbers);
  return parsed.get(name);
}

export function isScalar(type: string): boolean {
  return scalars.has(type);
}

function parseTable(table: string): Map<string, Message> {
  const messages = new Map<string, Message>();
  let packageName = '';
  for (const line of table.split('\n')) {
    const [head = '', ...fields] = line.split(' ');
    if (head === '') continue;
    if (head === 'package') packageName = fields[0] ?? '';
    else messages.set(`${packageName}.${head}`, parseMessage(packageName, head, fields));
  }
  return messages;
}

function parseMessage(packageName: string, name: string, fields: readonly string[]): Message {
  const byNumber = new Map<number, MessageField>();
  for (const text of fields) {
    const match = /^(\w+)=(\d+):(.+?)(\[\])?$/.exec(text);
    if (!match) throw new Error(`cannot read ${text} of message ${name}`);
    const [, field = '', number = '', type = '', list] = match;
    const mapOf = /^map<string,(.+)>$/.exec(type)?.[1];
    byNumber.set(Number(number), {
      name: field,
      type: mapOf === undefined ? qualify(packageName, type) : 'map',
      repeated: list !== undefined,
      ...(mapOf === undefined ? {} : { mapOf: qualify(packageName, mapOf) }),
    });
  }
  return { name: `${packageName}.${name}`, fields: byNumber };
}

function qualify(packageName: string, type: string): string {
  return isScalar(type) || shared.has(type) || type.includes('.') ? type : `${packageName}.${type}`;
}
