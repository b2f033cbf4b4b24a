/** etcd's messages, those fields of them that the storage uses. */

import { BackwardWriter } from '../../protobuf-wire/backward-writer.js';
import { eachField, Reader } from '../../protobuf-wire/wire-format.js';
import type { KeyEvent, KeyValue, RangePage, RangeRequest, WatchMessage, WriteResult } from '../etcd-client.js';

/** Writing does not wait for anything: all messages are made with one writer. */
const writer = new BackwardWriter();
/** What gRPC has in front of a message: a flag (not compressed) and the length. */
export const prefixBytes = 5;
const prefix = Buffer.alloc(prefixBytes);

/** A message with its prefix; `write` writes its fields from the last to the first. */
function message(write: () => void): Buffer {
  try {
    write();
    prefix.writeUInt32BE(writer.length, 1);
    writer.bytes(prefix);
    return writer.finish();
  } finally {
    writer.reset();
  }
}

const varintTag = (field: number): number => field * 8;
const bytesTag = (field: number): number => field * 8 + 2;

/** A number that counts as absent when it is 0. */
function numberField(field: number, value: number | bigint): void {
  if (value === 0) return;
  writer.int(value);
  writer.uint(varintTag(field));
}

function flagField(field: number): void {
  numberField(field, 1);
}

function bytesField(field: number, value: Uint8Array): void {
  writer.bytes(value);
  writer.uint(value.length);
  writer.uint(bytesTag(field));
}

function textField(field: number, value: string): void {
  nestedField(field, () => writer.text(value));
}

function nestedField(field: number, write: () => void): void {
  const before = writer.length;
  write();
  writer.uint(writer.length - before);
  writer.uint(bytesTag(field));
}

export const emptyRequest = message(() => undefined);

export function rangeRequest({ start, end, limit = 0, revision = 0 }: RangeRequest): Buffer {
  return message(() => {
    numberField(4, revision);
    numberField(3, limit);
    textField(2, end);
    textField(1, start);
  });
}

/** Counts the keys named `key`: what comes back is the revision. */
export function countRequest(key: string): Buffer {
  return message(() => {
    flagField(9);
    textField(1, key);
  });
}

/** What a transaction compares: `mod` (the key's revision) or `version` (its number of writes). */
export interface Compared {
  key: string;
  target: 'mod' | 'version';
  value: number;
}

/** Writes, or deletes when there is no value, if the comparison holds; otherwise reads what is there. */
export function writeRequest(compared: Compared, write: { value?: Uint8Array; lease?: string }): Buffer {
  const { key, target, value } = compared;
  const ofMod = target === 'mod';
  return message(() => {
    nestedField(3, () => nestedField(1, () => textField(1, key)));
    nestedField(2, () => {
      if (write.value === undefined) nestedField(3, () => textField(1, key));
      else nestedField(2, () => putFields(key, write.value as Uint8Array, write.lease));
    });
    nestedField(1, () => {
      // Equality is 0, and so is the version as target; the value of the union is written even if it is 0.
      writer.int(value);
      writer.uint(varintTag(ofMod ? 6 : 4));
      textField(3, key);
      if (ofMod) numberField(2, 2);
    });
  });
}

function putFields(key: string, value: Uint8Array, lease: string | undefined): void {
  if (lease !== undefined) numberField(3, BigInt(lease));
  bytesField(2, value);
  textField(1, key);
}

export function compactRequest(revision: number): Buffer {
  return message(() => numberField(1, revision));
}

export function leaseRequest(ttlSeconds: number): Buffer {
  return message(() => numberField(1, ttlSeconds));
}

/** Every change of every key from `startRevision` on. */
export function watchRequest(startRevision: number): Buffer {
  const everything = Buffer.from([0]);
  return message(() =>
    nestedField(1, () => {
      flagField(8);
      flagField(4);
      numberField(3, startRevision);
      bytesField(2, everything);
      bytesField(1, everything);
    }),
  );
}

interface Header {
  revision: number;
  clusterId: string;
}

function readHeader(reader: Reader): Header {
  const header = { revision: 0, clusterId: '' };
  reader.nested(() =>
    eachField(reader, (field) => {
      if (field === 1) header.clusterId = String(reader.exactInt64());
      else if (field === 3) header.revision = reader.int64();
      else return false;
      return true;
    }),
  );
  return header;
}

interface FoundValue extends KeyValue {
  version: number;
}

function readKeyValue(reader: Reader): FoundValue {
  const found: FoundValue = { key: '', value: Buffer.alloc(0), modRevision: 0, version: 0 };
  reader.nested(() =>
    eachField(reader, (field) => {
      if (field === 1) found.key = reader.string();
      else if (field === 3) found.modRevision = reader.int64();
      else if (field === 4) found.version = reader.int64();
      else if (field === 5) found.value = reader.bytes();
      else return false;
      return true;
    }),
  );
  return found;
}

/** Values share memory with `bytes`. */
export function readRange(bytes: Buffer): RangePage & { clusterId: string } {
  return readRangeFields(new Reader(bytes));
}

function readRangeFields(reader: Reader): RangePage & { clusterId: string; kvs: FoundValue[] } {
  const page = { kvs: [] as FoundValue[], count: 0, revision: 0, clusterId: '' };
  eachField(reader, (field) => {
    if (field === 1) Object.assign(page, readHeader(reader));
    else if (field === 2) page.kvs.push(readKeyValue(reader));
    else if (field === 4) page.count = reader.int64();
    else return false;
    return true;
  });
  return page;
}

/** The outcome of {@link writeRequest}. */
export function readWrite(bytes: Buffer): WriteResult & { version: number } {
  const reader = new Reader(bytes);
  let succeeded = false;
  let revision = 0;
  let current: FoundValue | undefined;
  eachField(reader, (field) => {
    if (field === 1) revision = readHeader(reader).revision;
    else if (field === 2) succeeded = reader.int64() !== 0;
    else if (field === 3) current = readFound(reader) ?? current;
    else return false;
    return true;
  });
  if (succeeded) return { succeeded, revision, version: 0 };
  if (current === undefined) return { succeeded, revision, current, version: 0 };
  const { version, ...value } = current;
  return { succeeded, revision, current: value, version };
}

/** The first key of the one range among the answers of a transaction. */
function readFound(reader: Reader): FoundValue | undefined {
  let found: FoundValue | undefined;
  reader.nested(() =>
    eachField(reader, (field) => {
      if (field !== 1) return false;
      reader.nested(() => {
        found = readRangeFields(reader).kvs[0];
      });
      return true;
    }),
  );
  return found;
}

/** The new lease's id. */
export function readLease(bytes: Buffer): string {
  const reader = new Reader(bytes);
  let id = '';
  let error = '';
  eachField(reader, (field) => {
    if (field === 2) id = String(reader.exactInt64());
    else if (field === 4) error = reader.string();
    else return false;
    return true;
  });
  if (error !== '') throw new Error(error);
  return id;
}

export function readStatus(bytes: Buffer): { version: string; databaseBytes: number } {
  const reader = new Reader(bytes);
  const status = { version: '', databaseBytes: 0 };
  eachField(reader, (field) => {
    if (field === 2) status.version = reader.string();
    else if (field === 3) status.databaseBytes = reader.int64();
    else return false;
    return true;
  });
  return status;
}

export function readWatch(bytes: Buffer): WatchMessage {
  const reader = new Reader(bytes);
  const watch: WatchMessage = {
    created: false,
    canceled: false,
    cancelReason: '',
    compactRevision: 0,
    fragment: false,
    revision: 0,
    events: [],
  };
  eachField(reader, (field) => {
    if (field === 1) watch.revision = readHeader(reader).revision;
    else if (field === 3) watch.created = reader.int64() !== 0;
    else if (field === 4) watch.canceled = reader.int64() !== 0;
    else if (field === 5) watch.compactRevision = reader.int64();
    else if (field === 6) watch.cancelReason = reader.string();
    else if (field === 7) watch.fragment = reader.int64() !== 0;
    else if (field === 11) watch.events.push(readEvent(reader));
    else return false;
    return true;
  });
  return watch;
}

function readEvent(reader: Reader): KeyEvent {
  let type: KeyEvent['type'] = 'put';
  let kv: FoundValue | undefined;
  reader.nested(() =>
    eachField(reader, (field) => {
      if (field === 1) type = reader.int64() === 1 ? 'delete' : 'put';
      else if (field === 2) kv = readKeyValue(reader);
      else return false;
      return true;
    }),
  );
  return { type, key: kv?.key ?? '', value: kv?.value ?? Buffer.alloc(0), revision: kv?.modRevision ?? 0 };
}
