/** Warnings about pod specs that are valid and probably not meant. */
import type { Container, PodSpec } from '../types.js';

const deprecatedLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** `path` is that of the spec: `spec` for pods, `spec.template.spec` for templates. */
export function podSpecWarnings(spec: PodSpec, path: string): string[] {
  return [
    ...labelWarnings(spec.nodeSelector, `${path}.nodeSelector`),
    ...volumeWarnings(spec, path),
    ...duplicateNames(spec.imagePullSecrets, `${path}.imagePullSecrets`),
    ...[...spec.containers.entries()].flatMap(([index, container]) =>
      containerWarnings(container, `${path}.containers[${index}]`),
    ),
    ...[...(spec.initContainers ?? []).entries()].flatMap(([index, container]) =>
      containerWarnings(container, `${path}.initContainers[${index}]`),
    ),
    ...(spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0
      ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
  ];
}

function labelWarnings(labels: Record<string, string> | undefined, path: string): string[] {
  return Object.keys(labels ?? {}).flatMap((label) => {
    const successor = Object.hasOwn(deprecatedLabels, label) ? deprecatedLabels[label] : undefined;
    return successor ? [`${path}[${label}]: deprecated since v1.14; use "${successor}" instead`] : [];
  });
}

function volumeWarnings(spec: PodSpec, path: string): string[] {
  return [...(spec.volumes ?? []).entries()].flatMap(([index, volume]) =>
    volume.gitRepo ? [`${path}.volumes[${index}].gitRepo: deprecated in v1.11, and disabled by default in v1.33+`] : [],
  );
}

function duplicateNames(items: readonly { name?: string }[] | undefined, path: string): string[] {
  const seen = new Set<string>();
  return [...(items ?? []).entries()].flatMap(([index, { name = '' }]) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [`${path}[${index}].name: duplicate name "${name}"`];
  });
}

function containerWarnings(container: Container, path: string): string[] {
  const warnings: string[] = [];
  for (const kind of ['limits', 'requests'] as const) {
    for (const [name, amount] of Object.entries(container.resources?.[kind] ?? {})) {
      if (name !== 'cpu' && amount.endsWith('m')) {
        warnings.push(
          `${path}.resources.${kind}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`,
        );
      }
    }
  }
  const seen = new Set<string>();
  for (const [index, variable] of (container.env ?? []).entries()) {
    if (seen.has(variable.name)) {
      const where = `${path}.env[${index}]`;
      warnings.push(`${where}: hides previous definition of "${variable.name}", which may be dropped when using apply`);
    }
    seen.add(variable.name);
  }
  return warnings;
}
