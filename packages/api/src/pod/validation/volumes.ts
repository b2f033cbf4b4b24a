/** Volumes of pods. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '@kubelab/apimachinery/field-error';
import { isDNS1123Label, isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { parseQuantity } from '@kubelab/apimachinery/quantity';
import type { DownwardAPIVolumeFile, HostPathVolumeSource, KeyToPath, Volume, VolumeProjection } from '../../types.js';
import { validateEach, validateOptionalEnum, validateRequired, validateWith } from '../../validation/fields.js';
import { validateFieldSelector, validateResourceFieldSelector, volumeFields } from './env.js';
import { validateNoBacksteps, validateNonReservedPath } from './paths.js';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const maxTokenSeconds = 2 ** 32;

export function validateVolumes(volumes: readonly Volume[] | undefined, path: string): FieldError[] {
  const names = new Set<string>();
  return validateEach(volumes, path, (volume, at) => {
    const errors = validateVolumeSource(volume, at);
    if (!volume.name) errors.push(required(`${at}.name`));
    else errors.push(...validateWith(isDNS1123Label, volume.name, `${at}.name`));
    if (names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    names.add(volume.name);
    return errors;
  });
}

type SourceName = Exclude<keyof Volume, 'name'>;

/** Sources with rules of their own, in the order in which upstream looks at them; others only have to be alone. */
const sourceRules: readonly (readonly [SourceName, (volume: Volume, path: string) => FieldError[]])[] = [
  ['emptyDir', ({ emptyDir }, path) => validateSizeLimit(emptyDir?.sizeLimit, `${path}.sizeLimit`)],
  ['hostPath', ({ hostPath }, path) => (hostPath ? validateHostPath(hostPath, path) : [])],
  [
    'secret',
    ({ secret }, path) => [
      ...validateRequired(secret?.secretName, `${path}.secretName`),
      ...validateMode(secret?.defaultMode, `${path}.defaultMode`),
      ...validateItems(secret?.items, `${path}.items`),
    ],
  ],
  [
    'nfs',
    ({ nfs }, path) => [
      ...validateRequired(nfs?.server, `${path}.server`),
      ...validateRequired(nfs?.path, `${path}.path`),
      ...(nfs?.path && !nfs.path.startsWith('/')
        ? [invalid(`${path}.path`, nfs.path, 'must be an absolute path')]
        : []),
    ],
  ],
  [
    'persistentVolumeClaim',
    ({ persistentVolumeClaim }, path) => validateRequired(persistentVolumeClaim?.claimName, `${path}.claimName`),
  ],
  [
    'downwardAPI',
    ({ downwardAPI }, path) => [
      ...validateMode(downwardAPI?.defaultMode, `${path}.defaultMode`),
      ...validateEach(downwardAPI?.items, `${path}.items`, validateDownwardFile),
    ],
  ],
  [
    'configMap',
    ({ configMap }, path) => [
      ...validateRequired(configMap?.name, `${path}.name`),
      ...validateMode(configMap?.defaultMode, `${path}.defaultMode`),
      ...validateItems(configMap?.items, `${path}.items`),
    ],
  ],
  [
    'projected',
    ({ projected }, path) => [
      ...validateMode(projected?.defaultMode, `${path}.defaultMode`),
      ...validateEach(projected?.sources, `${path}.sources`, validateProjection),
      ...validateProjectedPaths(projected?.sources ?? [], path),
    ],
  ],
  [
    'csi',
    ({ csi }, path) => [
      ...(csi?.driver
        ? validateWith(isDNS1123Subdomain, csi.driver.toLowerCase(), `${path}.driver`)
        : [required(`${path}.driver`)]),
    ],
  ],
  [
    'ephemeral',
    ({ ephemeral }, path) => (ephemeral?.volumeClaimTemplate ? [] : [required(`${path}.volumeClaimTemplate`)]),
  ],
  [
    'image',
    ({ image }, path) => [
      ...validateRequired(image?.reference, `${path}.reference`),
      ...validateOptionalEnum(image?.pullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.pullPolicy`),
    ],
  ],
];

function validateVolumeSource(volume: Volume, path: string): FieldError[] {
  const present = Object.keys(volume).filter((field) => field !== 'name');
  if (present.length === 0) return [required(path, 'must specify a volume type')];
  const errors: FieldError[] = [];
  let checked = 0;
  for (const [source, rule] of sourceRules) {
    if (volume[source] === undefined) continue;
    checked++;
    if (checked > 1) errors.push(forbiddenField(`${path}.${source}`, 'may not specify more than 1 volume type'));
    else errors.push(...rule(volume, `${path}.${source}`));
  }
  const others = present.filter((field) => !sourceRules.some(([source]) => source === field));
  for (const field of checked === 0 ? others.slice(1) : others) {
    errors.push(forbiddenField(`${path}.${field}`, 'may not specify more than 1 volume type'));
  }
  return errors;
}

function validateSizeLimit(limit: string | undefined, path: string): FieldError[] {
  const negative = limit !== undefined && parseQuantity(limit).sign() < 0;
  return negative ? [forbiddenField(path, 'SizeLimit field must be a valid resource quantity')] : [];
}

function validateHostPath(source: HostPathVolumeSource, path: string): FieldError[] {
  if (!source.path) return [required(`${path}.path`)];
  const errors = validateNoBacksteps(source.path, `${path}.path`);
  if (source.type !== undefined && !hostPathTypes.includes(source.type)) {
    errors.push(notSupported(`${path}.type`, source.type, hostPathTypes));
  }
  return errors;
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

function validateItems(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  return validateEach(items, path, (item, at) => [
    ...validateRequired(item.key, `${at}.key`),
    ...validateRequired(item.path, `${at}.path`),
    ...validateNonReservedPath(item.path ?? '', `${at}.path`),
    ...validateMode(item.mode, `${at}.mode`),
  ]);
}

function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors = [
    ...validateRequired(file.path, `${path}.path`),
    ...validateNonReservedPath(file.path ?? '', `${path}.path`),
  ];
  if (file.fieldRef) {
    errors.push(...validateFieldSelector(file.fieldRef, volumeFields, `${path}.fieldRef`));
    if (file.resourceFieldRef) {
      errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    }
  } else if (file.resourceFieldRef) {
    errors.push(...validateResourceFieldSelector(file.resourceFieldRef, `${path}.resourceFieldRef`, { volume: true }));
  } else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateMode(file.mode, `${path}.mode`)];
}

function validateProjection(source: VolumeProjection, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const kinds = Object.keys(source);
  if (kinds.length > 1) {
    errors.push(
      ...kinds
        .slice(1)
        .map((kind) => forbiddenField(`${path}.${kind}`, 'may not specify more than 1 volume type per source')),
    );
  }
  if (kinds.length === 0) errors.push(required(path, 'must specify a volume projection type'));
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source;
  if (secret) {
    errors.push(...validateRequired(secret.name, `${path}.secret.name`));
    errors.push(...validateItems(secret.items, `${path}.secret.items`));
  }
  if (configMap) {
    errors.push(...validateRequired(configMap.name, `${path}.configMap.name`));
    errors.push(...validateItems(configMap.items, `${path}.configMap.items`));
  }
  errors.push(...validateEach(downwardAPI?.items, `${path}.downwardAPI`, validateDownwardFile));
  if (token) errors.push(...validateTokenProjection(token, `${path}.serviceAccountToken`));
  return errors;
}

function validateTokenProjection(token: { expirationSeconds?: number; path: string }, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { expirationSeconds = 3600 } = token;
  if (expirationSeconds < 600) {
    errors.push(
      invalid(`${path}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes'),
    );
  }
  if (expirationSeconds > maxTokenSeconds) {
    errors.push(
      invalid(`${path}.expirationSeconds`, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'),
    );
  }
  if (!token.path) errors.push(required(`${path}.path`));
  else errors.push(...validateNonReservedPath(token.path, `${path}.path`));
  return errors;
}

/** Two sources must not write the same file. */
function validateProjectedPaths(sources: readonly VolumeProjection[], path: string): FieldError[] {
  const taken = new Set<string>();
  const errors: FieldError[] = [];
  for (const source of sources) {
    const named: [string, string][] = [
      ...(source.secret?.items ?? []).map((item): [string, string] => [item.path, source.secret?.name ?? '']),
      ...(source.configMap?.items ?? []).map((item): [string, string] => [item.path, source.configMap?.name ?? '']),
      ...(source.downwardAPI?.items ?? []).map((item): [string, string] => [item.path, item.path]),
    ];
    if (source.serviceAccountToken) named.push([source.serviceAccountToken.path, source.serviceAccountToken.path]);
    for (const [file, name] of named) {
      if (taken.has(file)) errors.push(invalid(path, name, 'conflicting duplicate paths'));
      taken.add(file);
    }
  }
  return errors;
}
