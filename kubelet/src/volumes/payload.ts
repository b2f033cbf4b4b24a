/** What goes into configMap, secret, downwardAPI and projected volumes: files by relative path. Pure. */
import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from '@kubelab/api/types';
import { type DownwardContext, fieldValue, resourceValue } from '../containers/downward.js';

export interface PayloadFile {
  data: Buffer;
  mode: number;
  /** Numeric owner, when the file is for one user only. */
  owner?: number;
}

export type Payload = Map<string, PayloadFile>;

interface KeySource {
  /** For messages. */
  missingKey(key: string): string;
  items: readonly KeyToPath[] | undefined;
  optional: boolean | undefined;
  defaultMode: number;
}

function selectKeys(data: ReadonlyMap<string, Buffer>, source: KeySource): Payload {
  const payload: Payload = new Map();
  if (!source.items || source.items.length === 0) {
    for (const [key, value] of data) payload.set(key, { data: value, mode: source.defaultMode });
    return payload;
  }
  for (const { key, path, mode } of source.items) {
    const value = data.get(key);
    if (value !== undefined) payload.set(safePath(path), { data: value, mode: mode ?? source.defaultMode });
    else if (!source.optional) throw new Error(source.missingKey(key));
  }
  return payload;
}

export interface ObjectSource {
  name: string;
  items: readonly KeyToPath[] | undefined;
  optional: boolean | undefined;
  defaultMode: number;
}

/** Throws an Error when the object, or a key that is asked for, is missing and not optional. */
export function configMapPayload(object: ConfigMap | undefined, source: ObjectSource): Payload {
  if (!object) return absent(`configmap "${source.name}" not found`, source.optional);
  const data = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(object.data ?? {})) data.set(key, Buffer.from(value, 'utf8'));
  for (const [key, value] of Object.entries(object.binaryData ?? {})) data.set(key, Buffer.from(value, 'base64'));
  return selectKeys(data, { ...source, missingKey: (key) => `configmap references non-existent config key: ${key}` });
}

/** As configMapPayload. */
export function secretPayload(object: Secret | undefined, source: ObjectSource): Payload {
  if (!object) return absent(`secret "${source.name}" not found`, source.optional);
  const data = new Map(
    Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  );
  return selectKeys(data, { ...source, missingKey: (key) => `references non-existent secret key: ${key}` });
}

function absent(message: string, optional: boolean | undefined): Payload {
  if (optional) return new Map();
  throw new Error(message);
}

export function downwardPayload(
  pod: Pod,
  files: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
  context: DownwardContext,
): Payload {
  const payload: Payload = new Map();
  for (const file of files) {
    const text = file.fieldRef
      ? fieldValue(pod, file.fieldRef, context)
      : file.resourceFieldRef
        ? resourceValue(pod, file.resourceFieldRef, file.resourceFieldRef.containerName ?? '', context)
        : '';
    payload.set(safePath(file.path), { data: Buffer.from(text, 'utf8'), mode: file.mode ?? defaultMode });
  }
  return payload;
}

/** Adds `more` to `payload`; later sources win, as upstream's projected volumes do. */
export function mergePayload(payload: Payload, more: Payload): void {
  for (const [path, file] of more) payload.set(path, file);
}

/** The API server refuses such paths; a kubelet that trusted it alone would write anywhere on the node. */
export function safePath(path: string): string {
  const parts = path.split('/');
  if (path === '' || path.startsWith('/') || parts.includes('..') || parts[0]?.startsWith('..')) {
    throw new Error(`invalid path "${path}": must be relative and must not contain or start with '..'`);
  }
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}
