/** Objects as etcd keeps them: JSON that begins with kind, apiVersion and metadata, and holds no resourceVersion. */

import { parseExact, stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { Entry } from './store.js';

const header = Buffer.from('{"kind":"');
const metadataField = '"metadata":{';
const closingBrace = 0x7d;

/** What a parsed entry costs beside its bytes; only for bounding memory. */
const entryOverhead = 200;

/** The bytes to store. Fields that are undefined are left out, `metadata.resourceVersion` as well. */
export function encodeObject(object: UnstructuredObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, ...storedMetadata } = metadata;
  return Buffer.from(stringifyExact({ kind, apiVersion, metadata: storedMetadata, ...rest }));
}

/** Whether bytes found in etcd were written by {@link encodeObject}, as far as a cheap look tells. */
export function isStoredObject(stored: Buffer): boolean {
  return (
    stored.length > header.length &&
    stored.compare(header, 0, header.length, 0, header.length) === 0 &&
    stored.indexOf(metadataField, 0, 'latin1') > 0 &&
    stored[stored.length - 1] === closingBrace
  );
}

/**
 * An entry made from stored bytes, or from another entry: the same state under another revision. The copy with the resourceVersion is made on
 * first use and replaces the stored bytes; one that is made from another entry can go again.
 */
export class StoredEntry implements Entry {
  readonly key: string;
  readonly revision: number;
  readonly itemOffset: number;
  readonly #origin: StoredEntry | undefined;
  #stored: Buffer | undefined;
  #bytes: Buffer | undefined;
  #object: UnstructuredObject | undefined;
  #protobuf: Buffer | undefined;
  #used = false;

  constructor(key: string, revision: number, state: Buffer | StoredEntry) {
    this.key = key;
    this.revision = revision;
    if (state instanceof StoredEntry) {
      this.#origin = state;
      this.itemOffset = state.itemOffset;
    } else {
      this.#stored = state;
      // No string before it can hold this text: its quotes would be escaped.
      this.itemOffset = state.indexOf(metadataField, 0, 'latin1');
    }
  }

  get bytes(): Buffer {
    if (this.#bytes === undefined) {
      this.#bytes = spliceRevision(this.stored, this.itemOffset + metadataField.length, this.revision);
      this.#stored = undefined;
    }
    return this.#bytes;
  }

  get object(): UnstructuredObject {
    this.#used = true;
    this.#object ??= this.#parse();
    return this.#object;
  }

  glance(): UnstructuredObject {
    return this.#object ?? this.#parse();
  }

  #parse(): UnstructuredObject {
    if (this.#origin) {
      const same = this.#origin.glance();
      return { ...same, metadata: { ...same.metadata, resourceVersion: String(this.revision) } };
    }
    const object = parseExact((this.#stored ?? this.bytes).toString()) as UnstructuredObject;
    object.metadata.resourceVersion = String(this.revision);
    return object;
  }

  get protobuf(): Buffer | undefined {
    this.#used = true;
    return this.#protobuf;
  }

  set protobuf(encoded: Buffer | undefined) {
    this.#protobuf = encoded;
  }

  /** Lets go of what can be made again, which is several times the size of the bytes it is made from. */
  cool(): void {
    this.#object = undefined;
    this.#protobuf = undefined;
    if (this.#origin) this.#bytes = undefined;
  }

  /** As {@link cool}, when nobody has asked for it since the last call. */
  coolIfIdle(): void {
    if (!this.#used) this.cool();
    this.#used = false;
  }

  /** Approximate memory in bytes: of what it is made from, where that is another entry. */
  get size(): number {
    return this.#origin?.size ?? (this.#bytes ?? this.#stored ?? header).length + entryOverhead;
  }

  /** What etcd holds; copied together when only the spliced bytes are left. */
  get stored(): Buffer {
    if (this.#stored !== undefined) return this.#stored;
    if (this.#origin) return this.#origin.stored;
    const bytes = this.bytes;
    const start = this.itemOffset + metadataField.length;
    return Buffer.concat([
      bytes.subarray(0, start),
      bytes.subarray(start + splicedLength(bytes, start, this.revision)),
    ]);
  }

  /** Whether `stored` is what etcd holds already. */
  equalsStored(stored: Buffer): boolean {
    if (this.#stored !== undefined) return this.#stored.equals(stored);
    const bytes = this.bytes;
    const start = this.itemOffset + metadataField.length;
    const rest = start + splicedLength(bytes, start, this.revision);
    return (
      bytes.length - (rest - start) === stored.length &&
      bytes.compare(stored, 0, start, 0, start) === 0 &&
      bytes.compare(stored, start, stored.length, rest, bytes.length) === 0
    );
  }

  /** The same state under another revision: how a deletion shows the last state. */
  withRevision(revision: number): StoredEntry {
    return new StoredEntry(this.key, revision, this.#origin ?? this);
  }
}

function revisionField(revision: number): string {
  return `"resourceVersion":"${revision}"`;
}

function spliceRevision(stored: Buffer, at: number, revision: number): Buffer {
  const field = revisionField(revision) + (stored[at] === closingBrace ? '' : ',');
  // Not from Buffer's pool: entries live long, and each would keep the pool's short-lived neighbours in memory.
  const bytes = Buffer.allocUnsafeSlow(stored.length + field.length);
  stored.copy(bytes, 0, 0, at);
  bytes.write(field, at, 'latin1');
  stored.copy(bytes, at + field.length, at);
  return bytes;
}

function splicedLength(bytes: Buffer, at: number, revision: number): number {
  const length = revisionField(revision).length;
  return bytes[at + length] === closingBrace ? length : length + 1;
}
