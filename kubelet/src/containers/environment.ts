import type { ConfigMap, EnvFromSource, EnvVar, EnvVarSource, Pod, Secret } from '@kubelab/api/types';
import { type ContainerSpec, namespaceOf } from '../pods/pod.js';
import { type DownwardContext, fieldValue, resourceValue } from './downward.js';
import { expand } from './expansion.js';

/** The objects that a container's variables may refer to, fetched beforehand. An absent object is undefined. */
export interface EnvironmentSources {
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  services: ReadonlyMap<string, string>;
  downward: DownwardContext;
}

export interface Environment {
  variables: { name: string; value: string }[];
  warnings: { reason: string; message: string }[];
}

/** Printable ASCII without "=". */
const validName = /^[\x20-\x3c\x3e-\x7e]+$/;

/**
 * A container's variables in upstream's order: envFrom, env (later ones may use earlier ones), then the service variables that neither set. Throws an
 * Error when something that is not optional is missing.
 */
export function makeEnvironment(pod: Pod, container: ContainerSpec, sources: EnvironmentSources): Environment {
  const result = new Map<string, string>();
  const warnings: Environment['warnings'] = [];
  for (const from of container.envFrom ?? []) addEnvFrom(pod, from, sources, result, warnings);
  const known = new Map(result);
  for (const variable of container.env ?? []) {
    const value = variableValue(
      pod,
      container,
      variable,
      sources,
      (name) => known.get(name) ?? sources.services.get(name),
    );
    if (value === undefined) continue;
    known.set(variable.name, value);
    // A later definition wins and keeps the first one's place.
    result.set(variable.name, value);
  }
  for (const [name, value] of sources.services) if (!result.has(name)) result.set(name, value);
  return { variables: [...result].map(([name, value]) => ({ name, value })), warnings };
}

function addEnvFrom(
  pod: Pod,
  from: EnvFromSource,
  sources: EnvironmentSources,
  result: Map<string, string>,
  warnings: Environment['warnings'],
): void {
  const data = from.configMapRef
    ? configMapData(from.configMapRef.name ?? '', from.configMapRef.optional, sources)
    : from.secretRef
      ? secretData(from.secretRef.name ?? '', from.secretRef.optional, sources)
      : undefined;
  const invalid: string[] = [];
  for (const key of Object.keys(data ?? {}).sort()) {
    const name = `${from.prefix ?? ''}${key}`;
    if (validName.test(name)) result.set(name, data?.[key] ?? '');
    else invalid.push(key);
  }
  if (invalid.length === 0) return;
  const kind = from.configMapRef ? 'ConfigMap' : 'Secret';
  const object = from.configMapRef?.name ?? from.secretRef?.name ?? '';
  warnings.push({
    reason: 'InvalidEnvironmentVariableNames',
    message: `Keys [${invalid.join(', ')}] from the EnvFrom ${kind === 'ConfigMap' ? 'configMap' : 'secret'} ${namespaceOf(pod)}/${object} were skipped since they are considered invalid environment variable names.`,
  });
}

function configMapData(
  name: string,
  optional: boolean | undefined,
  sources: EnvironmentSources,
): Record<string, string> | undefined {
  const object = sources.configMap(name);
  if (object) return object.data ?? {};
  if (optional) return undefined;
  throw new Error(`configmap "${name}" not found`);
}

function secretData(
  name: string,
  optional: boolean | undefined,
  sources: EnvironmentSources,
): Record<string, string> | undefined {
  const object = sources.secret(name);
  if (object) {
    return Object.fromEntries(
      Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    );
  }
  if (optional) return undefined;
  throw new Error(`secret "${name}" not found`);
}

function variableValue(
  pod: Pod,
  container: ContainerSpec,
  variable: EnvVar,
  sources: EnvironmentSources,
  lookup: (name: string) => string | undefined,
): string | undefined {
  if (variable.valueFrom) return fromSource(pod, container, variable.valueFrom, sources);
  return expand(variable.value ?? '', lookup);
}

function fromSource(
  pod: Pod,
  container: ContainerSpec,
  from: EnvVarSource,
  sources: EnvironmentSources,
): string | undefined {
  if (from.fieldRef) return fieldValue(pod, from.fieldRef, sources.downward);
  if (from.resourceFieldRef) return resourceValue(pod, from.resourceFieldRef, container.name, sources.downward);
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    return keyOf(configMapData(name, optional, sources), key, optional, `ConfigMap ${namespaceOf(pod)}/${name}`);
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    return keyOf(secretData(name, optional, sources), key, optional, `Secret ${namespaceOf(pod)}/${name}`);
  }
  throw new Error('environment variable source is not supported by this kubelet');
}

function keyOf(
  data: Record<string, string> | undefined,
  key: string,
  optional: boolean | undefined,
  where: string,
): string | undefined {
  const value = data?.[key];
  if (value !== undefined || optional) return value;
  throw new Error(`couldn't find key ${key} in ${where}`);
}
