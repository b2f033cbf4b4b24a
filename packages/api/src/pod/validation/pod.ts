/** Whole pods: creation and what an update may change. */
import { type FieldError, forbiddenField, invalid } from '@kubelab/apimachinery/field-error';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import { isInRange } from '@kubelab/apimachinery/names';
import type { Container, ContainerStatus, Pod, PodSpec, Toleration } from '../../types.js';
import { validateEach } from '../../validation/fields.js';
import { dnsSubdomainName } from '../../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../../validation/object-meta.js';
import { changedPaths } from './changed-paths.js';
import { validatePodAnnotations, validatePodAnnotationsUpdate } from './pod-annotations.js';
import { validatePodSpec } from './pod-spec.js';
import { validateAppArmorAgreement } from './profiles.js';

const int32Max = 2 ** 31 - 1;

/** What holds for a pod at any time; templates do not have to meet all of it. */
export function validatePod(pod: Pod): FieldError[] {
  const errors = validateObjectMeta(pod.metadata, { namespaced: true, name: dnsSubdomainName });
  errors.push(...validatePodAnnotations(pod.metadata.annotations, pod.spec, 'metadata.annotations'));
  errors.push(...validatePodSpec(pod.spec, 'spec'));
  if (!pod.spec.serviceAccountName) errors.push(...forbidTokenVolumes(pod.spec));
  errors.push(...validateImages(pod.spec.containers, 'spec.containers'));
  errors.push(...validateImages(pod.spec.initContainers, 'spec.initContainers'));
  if (pod.spec.nodeName && pod.spec.schedulingGates?.length) {
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return errors;
}

/** Additionally to {@link validatePod} at creation. */
export function validatePodCreate(pod: Pod): FieldError[] {
  return [
    ...(pod.spec.ephemeralContainers?.length
      ? [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')]
      : []),
    ...validateAppArmorAgreement(pod.metadata.annotations, pod.spec, 'spec'),
  ];
}

function forbidTokenVolumes(spec: PodSpec): FieldError[] {
  return validateEach(spec.volumes, 'spec.volumes', (volume, at) =>
    validateEach(volume.projected?.sources, `${at}.projected.sources`, (source, sourcePath) =>
      source.serviceAccountToken
        ? [
            forbiddenField(
              `${sourcePath}.serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  );
}

function validateImages(containers: readonly Container[] | undefined, path: string): FieldError[] {
  return validateEach(containers, path, ({ image = '' }, at) =>
    image === image.trim() ? [] : [invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')],
  );
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validateObjectMetaUpdate(pod, old);
  const { annotations } = pod.metadata;
  errors.push(...validatePodAnnotationsUpdate(annotations, old.metadata.annotations, 'metadata.annotations'));
  errors.push(...validatePod(pod));
  for (const field of ['containers', 'initContainers'] as const) {
    if ((pod.spec[field]?.length ?? 0) !== (old.spec[field]?.length ?? 0)) {
      return [...errors, forbiddenField(`spec.${field}`, 'pod updates may not add or remove containers')];
    }
  }
  errors.push(...validateDeadlineUpdate(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds));
  errors.push(...validateAddedTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? []));
  errors.push(...validateRemovedGates(pod.spec, old.spec));
  const munged = withUpdatableFieldsOf(pod.spec, old.spec);
  if (!deepEqual(munged, old.spec)) {
    const why = `pod updates may not change fields other than ${updatable.join(',')}\n${changedPaths(old.spec, munged, 'spec')}`;
    errors.push(forbiddenField('spec', why));
  }
  return errors;
}

/** `spec` with what may change set back to what it was in `old`: the rest must be the same. */
function withUpdatableFieldsOf(spec: PodSpec, old: PodSpec): PodSpec {
  const munged = deepClone(spec);
  restore(munged, old, 'activeDeadlineSeconds');
  restore(munged, old, 'tolerations');
  restore(munged, old, 'schedulingGates');
  munged.containers = withImagesOf(munged.containers, old.containers);
  if (munged.initContainers) munged.initContainers = withImagesOf(munged.initContainers, old.initContainers ?? []);
  const { terminationGracePeriodSeconds: grace = 0 } = old;
  if (grace < 0 && munged.terminationGracePeriodSeconds === 1) munged.terminationGracePeriodSeconds = grace;
  return munged;
}

function restore<K extends keyof PodSpec>(spec: PodSpec, old: PodSpec, field: K): void {
  const value = old[field];
  if (value === undefined) delete spec[field];
  else spec[field] = value;
}

function withImagesOf(containers: Container[], old: readonly Container[]): Container[] {
  return containers.map((container, index) => {
    const image = old[index]?.image;
    return image === undefined ? container : { ...container, image };
  });
}

function validateDeadlineUpdate(deadline: number | undefined, old: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (deadline === undefined) {
    return old === undefined ? [] : [invalid(path, null, 'must not update from a positive integer to nil value')];
  }
  const outOfRange = isInRange(deadline, 0, int32Max);
  if (outOfRange.length > 0) return outOfRange.map((problem) => invalid(path, deadline, problem));
  if (old === undefined || deadline <= old) return [];
  return [invalid(path, deadline, 'must be less than or equal to previous value')];
}

function validateAddedTolerations(tolerations: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  const withoutSeconds = ({ tolerationSeconds: _, ...rest }: Toleration): Omit<Toleration, 'tolerationSeconds'> => rest;
  const kept = old.every((before) =>
    tolerations.some((toleration) => deepEqual(withoutSeconds(toleration), withoutSeconds(before))),
  );
  if (kept) return [];
  return [forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function validateRemovedGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  return validateEach(spec.schedulingGates, 'spec.schedulingGates', (gate, at) =>
    before.has(gate.name)
      ? []
      : [forbiddenField(at, `only deletion is allowed, but found new scheduling gate '${gate.name}'`)],
  );
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validateObjectMetaUpdate(pod, old);
  const { annotations } = pod.metadata;
  errors.push(...validatePodAnnotationsUpdate(annotations, old.metadata.annotations, 'metadata.annotations'));
  if ((pod.spec.nodeName ?? '') !== (old.spec.nodeName ?? '')) {
    errors.push(forbiddenField('status.nodeName', 'may not be changed directly'));
  }
  const policy = pod.spec.restartPolicy;
  for (const field of ['containerStatuses', 'initContainerStatuses'] as const) {
    if (policy === 'Always') continue;
    errors.push(...validateTransitions(pod.status?.[field], old.status?.[field], `status.${field}`, policy ?? ''));
  }
  return errors;
}

/** A container that ended for good stays ended. */
function validateTransitions(
  statuses: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  path: string,
  policy: string,
): FieldError[] {
  const errors: FieldError[] = [];
  (old ?? []).forEach((before, index) => {
    const { terminated } = before.state ?? {};
    if (!terminated || (policy === 'OnFailure' && terminated.exitCode !== 0)) return;
    const after = (statuses ?? []).find((status) => status.name === before.name);
    if (after && !after.state?.terminated) {
      errors.push(forbiddenField(`${path}[${index}].state`, 'may not be transitioned to non-terminated state'));
    }
  });
  return errors;
}
