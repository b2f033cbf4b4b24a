/** core/v1 Secret. */
import { type FieldError, invalid, required, tooLong } from '@kubelab/apimachinery/field-error';
import { isConfigMapKey } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { Secret } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateFrozen } from './config-map.js';

const maxBytes = 1024 * 1024;
const accountAnnotation = 'kubernetes.io/service-account.name';

/** Keys that a secret of some type must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** Types whose one key holds a JSON document. */
const jsonKeys: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};

function validateSecret(secret: Secret): FieldError[] {
  const errors = validateObjectMeta(secret.metadata, { namespaced: true, name: dnsSubdomainName });
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    errors.push(...validateWith(isConfigMapKey, key, `data[${key}]`));
    size += Buffer.byteLength(value, 'base64');
  }
  if (size > maxBytes) errors.push(tooLong('data', maxBytes));
  return [...errors, ...validateType(secret, secret.type ?? '')];
}

function validateType(secret: Secret, type: string): FieldError[] {
  const data = secret.data ?? {};
  const missing = (key: string): FieldError[] => (Object.hasOwn(data, key) ? [] : [required(`data[${key}]`)]);
  if (type === 'kubernetes.io/service-account-token') {
    const named = secret.metadata.annotations?.[accountAnnotation];
    return named ? [] : [required(`metadata.annotations[${accountAnnotation}]`)];
  }
  if (type === 'kubernetes.io/basic-auth') {
    const keys = ['username', 'password'];
    return keys.some((key) => Object.hasOwn(data, key)) ? [] : keys.flatMap(missing);
  }
  const jsonKey = Object.hasOwn(jsonKeys, type) ? jsonKeys[type] : undefined;
  if (jsonKey !== undefined) {
    const absent = missing(jsonKey);
    return absent.length > 0 ? absent : validateJson(data[jsonKey] ?? '', `data[${jsonKey}]`);
  }
  return (Object.hasOwn(requiredKeys, type) ? (requiredKeys[type] ?? []) : []).flatMap(missing);
}

function validateJson(base64: string, path: string): FieldError[] {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString());
    return [];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The parser's message may quote the contents.
    return [invalid(path, '<secret contents redacted>', 'invalid JSON')];
  }
}

const hooks: KindHooks<Secret> = {
  default(secret) {
    secret.type ||= 'Opaque';
    if (!secret.stringData) return;
    const encoded = Object.entries(secret.stringData).map(([key, value]) => [
      key,
      Buffer.from(value).toString('base64'),
    ]);
    secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
    // stringData is write-only.
    delete secret.stringData;
  },
  validate: validateSecret,
  validateUpdate: (secret, old) => [
    ...validateObjectMetaUpdate(secret, old),
    ...validateImmutable(secret.type, old.type, 'type'),
    ...validateFrozen(secret, old, { data: [secret.data, old.data] }),
    ...validateSecret(secret),
  ],
};

export const secret = defineKind<Secret>({
  in: coreV1,
  kind: 'Secret',
  storagePath: 'secrets',
  columns: [
    nameColumn<Secret>(),
    column<Secret>('Type', 'io.k8s.api.core.v1.Secret#type', (object) => object.type ?? ''),
    column<Secret>('Data', 'io.k8s.api.core.v1.Secret#data', (object) => Object.keys(object.data ?? {}).length),
    ageColumn<Secret>(),
  ],
  selectableFields: ['type'],
  hooks,
});
