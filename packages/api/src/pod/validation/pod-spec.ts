/** Pod specs, as they are in pods and in templates. */
import { duplicate, type FieldError, forbiddenField, invalid, notSupported } from '@kubelab/apimachinery/field-error';
import { isDNS1123Label, isDNS1123Subdomain, isInRange, isQualifiedName } from '@kubelab/apimachinery/names';
import type { Container, PodSpec, PodTemplateSpec } from '../../types.js';
import { validateEach, validateEnum, validateOptionalEnum, validateWith } from '../../validation/fields.js';
import { validateLabels } from '../../validation/labels.js';
import { validateAnnotations } from '../../validation/object-meta.js';
import { validateContainers, validateInitContainers } from './containers.js';
import { validateDNSConfig, validateDNSPolicy, validateHostAliases } from './dns.js';
import { validatePodAnnotations } from './pod-annotations.js';
import { validateAffinity, validateTolerations, validateTopologySpread } from './scheduling.js';
import { validatePodSecurityContext } from './security-context.js';
import { validateVolumes } from './volumes.js';

const int32Max = 2 ** 31 - 1;

export function validatePodTemplate(template: PodTemplateSpec, path: string): FieldError[] {
  const spec = template.spec ?? { containers: [] };
  return [
    ...validateTemplateMeta(template, path),
    ...validatePodAnnotations(template.metadata?.annotations, spec, `${path}.annotations`),
    ...validatePodSpec(spec, `${path}.spec`),
    ...(spec.ephemeralContainers?.length
      ? [forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : []),
  ];
}

export function validateTemplateMeta(template: PodTemplateSpec, path: string): FieldError[] {
  return [
    ...validateLabels(template.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`),
  ];
}

export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const around = {
    volumes: new Map((spec.volumes ?? []).map((volume) => [volume.name, volume])),
    grace: spec.terminationGracePeriodSeconds ?? 30,
    os: spec.os?.name,
  };
  return [
    ...validateVolumes(spec.volumes, `${path}.volumes`),
    ...validateContainers(spec, `${path}.containers`, around),
    ...validateInitContainers(spec, `${path}.initContainers`, around),
    ...validateHostNetwork(spec, path),
    ...validateEnum(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${path}.restartPolicy`),
    ...validateDNSPolicy(spec.dnsPolicy, `${path}.dnsPolicy`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${path}.securityContext`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDNSConfig(spec, `${path}.dnsConfig`),
    ...validateGates(spec, path),
    ...validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    ...validateReferences(spec, path),
    ...validateDeadline(spec, path),
    ...validateHostnames(spec, path),
    ...validateTolerations(spec.tolerations, `${path}.tolerations`),
    ...validateHostAliases(spec, `${path}.hostAliases`),
    ...validateOptionalEnum(spec.preemptionPolicy, ['Never', 'PreemptLowerPriority'], `${path}.preemptionPolicy`),
    ...(spec.os ? validateEnum(spec.os.name, ['linux', 'windows'], `${path}.os.name`) : []),
  ];
}

function validateHostNetwork(spec: PodSpec, path: string): FieldError[] {
  if (!spec.hostNetwork) return [];
  const check = (containers: readonly Container[] | undefined, at: string): FieldError[] =>
    validateEach(containers, at, (container, containerPath) =>
      validateEach(container.ports, `${containerPath}.ports`, (port, portPath) =>
        // Templates may leave it open: their pods get the default.
        !port.hostPort || port.hostPort === port.containerPort
          ? []
          : [invalid(`${portPath}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true')],
      ),
    );
  return [...check(spec.containers, `${path}.containers`), ...check(spec.initContainers, `${path}.initContainers`)];
}

function validateGates(spec: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return [
    ...validateEach(spec.readinessGates, `${path}.readinessGates`, (gate, at) =>
      validateWith(isQualifiedName, gate.conditionType ?? '', `${at}.conditionType`),
    ),
    ...validateEach(spec.schedulingGates, `${path}.schedulingGates`, (gate, at) => {
      const errors = validateWith(isQualifiedName, gate.name ?? '', at);
      if (names.has(gate.name)) errors.push(duplicate(at, gate.name));
      names.add(gate.name);
      return errors;
    }),
  ];
}

/** Names of other objects that the spec mentions. */
function validateReferences(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const) {
    const value = spec[field];
    if (value || (field === 'runtimeClassName' && value !== undefined)) {
      errors.push(...validateWith(isDNS1123Subdomain, value ?? '', `${path}.${field}`));
    }
  }
  errors.push(
    ...validateEach(spec.imagePullSecrets, `${path}.imagePullSecrets`, (secret, at) =>
      secret.name ? [] : [{ type: 'FieldValueRequired', field: `${at}.name`, detail: 'Required value' }],
    ),
  );
  return errors;
}

function validateDeadline(spec: PodSpec, path: string): FieldError[] {
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline === undefined) return [];
  return isInRange(deadline, 1, int32Max).map((problem) => invalid(`${path}.activeDeadlineSeconds`, deadline, problem));
}

function validateHostnames(spec: PodSpec, path: string): FieldError[] {
  return (['hostname', 'subdomain'] as const).flatMap((field) => {
    const value = spec[field];
    return value ? validateWith(isDNS1123Label, value, `${path}.${field}`) : [];
  });
}

/** Templates of workloads that keep pods running allow one restart policy. */
export function validateAlwaysRestart(spec: PodSpec | undefined, path: string): FieldError[] {
  const policy = spec?.restartPolicy;
  return policy === 'Always' ? [] : [notSupported(`${path}.restartPolicy`, policy ?? '', ['Always'])];
}
