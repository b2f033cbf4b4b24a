/** Warnings about pods and their templates that are valid and probably not meant. */
import { isDNS1123Label } from '@kubelab/apimachinery/names';
import type { Container, ObjectMeta, Pod, PodSpec, PodTemplateSpec } from '../../types.js';
import { fractionalBytes } from './amounts.js';
import { type ContainerContext, containerWarnings, type Placed } from './containers.js';
import { portWarnings } from './ports.js';
import { nodeWarnings, podAffinityWarnings } from './scheduling.js';
import { volumeWarnings } from './volumes.js';

const deprecatedAnnotations = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const;
const seccompKey = 'seccomp.security.alpha.kubernetes.io/pod';

/** Of a pod that is created: nobody writes to pods by hand afterwards. */
export function podWarnings(pod: Pod, old?: Pod): string[] {
  if (old) return [];
  const name = nameWarning(pod.metadata, "the Pod's hostname");
  return [...name, ...warningsOf(pod, { path: '', isTemplate: false })];
}

/** What of a workload's warnings is not about its template. */
export interface WorkloadNames {
  /** Its pods are named after it, and that is what their hostnames are. */
  readonly namesPods: boolean;
}

/** Of a kind with a template, at `path`; an update that changes nothing but labels and status is not warned about. */
export function workloadWarnings(
  { now, old }: { now: ObjectMeta; old: ObjectMeta | undefined },
  template: PodTemplateSpec | undefined,
  path: string,
  { namesPods }: WorkloadNames = { namesPods: false },
): string[] {
  if (old && old.generation === now.generation) return [];
  const name = namesPods && !old ? nameWarning(now, 'Pod names and hostnames') : [];
  return [...name, ...(template ? warningsOf(template, { path: `${path}.`, isTemplate: true }) : [])];
}

function nameWarning({ name = '' }: ObjectMeta, where: string): string[] {
  const problems = isDNS1123Label(name);
  if (name === '' || problems.length === 0) return [];
  const what = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is used in ${where}, ${what}: [${problems.join(' ')}]`];
}

/** `path` ends with a dot, or is empty. */
function warningsOf(template: PodTemplateSpec, options: { path: string; isTemplate: boolean }): string[] {
  const { spec } = template;
  if (!spec) return [];
  const path = `${options.path}spec`;
  const annotations = `${options.path}metadata.annotations`;
  const context: ContainerContext = { template, annotations, isTemplate: options.isTemplate };
  const containers = placedContainers(spec, path);
  return [
    ...nodeWarnings(spec, path),
    ...annotationWarnings(template, annotations),
    ...volumeWarnings(spec, path),
    ...listWarnings(spec, path),
    ...['memory', 'ephemeral-storage'].flatMap((name) =>
      fractionalBytes(spec.overhead?.[name], `${path}.overhead[${name}]`),
    ),
    ...seccompWarnings(template, annotations),
    ...containers.flatMap((container) => containerWarnings(container, context)),
    ...portWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...podAffinityWarnings(spec, path),
  ];
}

function placedContainers(spec: PodSpec, path: string): Placed[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    ((spec[list] ?? []) as readonly Container[]).map((container, index) => ({
      container,
      path: `${path}.${list}[${index}]`,
    })),
  );
}

function annotationWarnings({ metadata }: PodTemplateSpec, path: string): string[] {
  return deprecatedAnnotations.flatMap(([key, message]) =>
    metadata?.annotations?.[key] === undefined ? [] : [`${path}[${key}]: ${message}`],
  );
}

function seccompWarnings({ metadata, spec }: PodTemplateSpec, path: string): string[] {
  if (spec?.securityContext?.seccompProfile || metadata?.annotations?.[seccompKey] === undefined) return [];
  return [`${path}[${seccompKey}]: non-functional in v1.27+; use the "seccompProfile" field instead`];
}

function listWarnings({ hostAliases = [], imagePullSecrets = [] }: PodSpec, path: string): string[] {
  const unnamed = imagePullSecrets.flatMap(({ name = '' }, index) =>
    name === '' ? [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
  );
  const ips = hostAliases.map(({ ip }) => ip);
  const names = imagePullSecrets.map(({ name = '' }) => name);
  return [
    ...repeated(ips, (index, ip) => `${path}.hostAliases[${index}].ip: duplicate ip ${ip}`),
    ...repeated(names, (index, name) => `${path}.imagePullSecrets[${index}].name: duplicate name ${name}`),
    ...unnamed,
  ];
}

/** A text for every value that was there before. */
function repeated(values: readonly string[], text: (index: number, value: string) => string): string[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [text(index, JSON.stringify(value))] : []));
}
