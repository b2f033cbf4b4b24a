/** Environment variables of containers. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { isConfigMapKey, isQualifiedName, isRelaxedEnvVarName } from '@kubelab/apimachinery/names';
import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../types.js';
import { validateEach, validateRequired, validateWith } from '../../validation/fields.js';

const envFields: ReadonlySet<string> = new Set([
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);

export const volumeFields: ReadonlySet<string> = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]);

/** Paths that the downward API knows at all; which of them are allowed depends on where they are used. */
const downwardFields: ReadonlySet<string> = new Set([
  ...envFields,
  ...volumeFields,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

const containerResources: ReadonlySet<string> = new Set(
  ['limits', 'requests'].flatMap((kind) => ['cpu', 'memory', 'ephemeral-storage'].map((name) => `${kind}.${name}`)),
);

export function validateEnv(env: readonly EnvVar[] | undefined, path: string): FieldError[] {
  return validateEach(env, path, (variable, at) => [
    ...(variable.name ? validateWith(isRelaxedEnvVarName, variable.name, `${at}.name`) : [required(`${at}.name`)]),
    ...(variable.valueFrom ? validateValueFrom(variable, variable.valueFrom, `${at}.valueFrom`) : []),
  ]);
}

function validateValueFrom(variable: EnvVar, source: EnvVarSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef) errors.push(...validateFieldSelector(fieldRef, envFields, `${path}.fieldRef`));
  if (resourceFieldRef) errors.push(...validateResourceFieldSelector(resourceFieldRef, `${path}.resourceFieldRef`));
  if (configMapKeyRef) errors.push(...validateKeySelector(configMapKeyRef, `${path}.configMapKeyRef`));
  if (secretKeyRef) errors.push(...validateKeySelector(secretKeyRef, `${path}.secretKeyRef`));
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef].filter(Boolean).length;
  if (count === 0) {
    const why = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    errors.push(invalid(path, '', why));
  } else if (variable.value) {
    errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  } else if (count > 1) {
    errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

/** `allowed` are the paths that make sense at this place. */
export function validateFieldSelector(
  selector: ObjectFieldSelector,
  allowed: ReadonlySet<string>,
  path: string,
): FieldError[] {
  if (!selector.apiVersion) return [required(`${path}.apiVersion`)];
  if (!selector.fieldPath) return [required(`${path}.fieldPath`)];
  const subscript = selector.fieldPath.match(/^(.*)\['(.*)'\]$/s);
  if (subscript) return validateSubscript(subscript[1] ?? '', subscript[2] ?? '', path);
  if (!downwardFields.has(selector.fieldPath)) {
    const why = `error converting fieldPath: field label not supported: ${selector.fieldPath}`;
    return [invalid(`${path}.fieldPath`, selector.fieldPath, why)];
  }
  if (allowed.has(selector.fieldPath)) return [];
  return [notSupported(`${path}.fieldPath`, selector.fieldPath, [...allowed].sort())];
}

function validateSubscript(field: string, key: string, path: string): FieldError[] {
  if (field === 'metadata.annotations') return validateWith(isQualifiedName, key.toLowerCase(), path);
  if (field === 'metadata.labels') return validateWith(isQualifiedName, key, path);
  return [invalid(path, field, 'does not support subscript')];
}

/** `volume` selectors must say which container they mean. */
export function validateResourceFieldSelector(
  selector: ResourceFieldSelector,
  path: string,
  options: { volume: boolean } = { volume: false },
): FieldError[] {
  if (options.volume && !selector.containerName) return [required(`${path}.containerName`)];
  if (!selector.resource) return [required(`${path}.resource`)];
  if (containerResources.has(selector.resource) || /^(limits|requests)\.hugepages-/.test(selector.resource)) return [];
  return [notSupported(`${path}.resource`, selector.resource, [...containerResources].sort())];
}

/** Selectors of a key in a ConfigMap or Secret. */
function validateKeySelector(selector: ConfigMapKeySelector, path: string): FieldError[] {
  return [
    ...validateRequired(selector.name, `${path}.name`),
    ...(selector.key ? validateWith(isConfigMapKey, selector.key, `${path}.key`) : [required(`${path}.key`)]),
  ];
}

export function validateEnvFrom(sources: readonly EnvFromSource[] | undefined, path: string): FieldError[] {
  return validateEach(sources, path, (source, at) => {
    const errors = source.prefix ? validateWith(isRelaxedEnvVarName, source.prefix, `${at}.prefix`) : [];
    const { configMapRef, secretRef } = source;
    if (configMapRef) errors.push(...validateRequired(configMapRef.name, `${at}.configMapRef.name`));
    if (secretRef) errors.push(...validateRequired(secretRef.name, `${at}.secretRef.name`));
    if (!configMapRef && !secretRef) {
      errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (configMapRef && secretRef) {
      errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
    }
    return errors;
  });
}
