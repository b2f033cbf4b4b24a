/** Annotations of pods that mean something to the cluster. */

import { type FieldError, forbiddenField, invalid, required } from '@kubelab/apimachinery/field-error';
import { goQuote } from '@kubelab/apimachinery/go-quote';
import type { PodSpec } from '../../types.js';
import { appArmorAnnotation, containersWithPaths } from '../app-armor.js';
import { validateDescendingPath } from './paths.js';

type Annotations = Readonly<Record<string, string>>;

const mirrorPod = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';

/** `path` is that of the annotations. */
export function validatePodAnnotations(annotations: Annotations = {}, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Object.hasOwn(annotations, mirrorPod) && !spec.nodeName) {
    errors.push(required(`${path}[${mirrorPod}]`, 'must set spec.nodeName if mirror pod annotation is set'));
  }
  const cost = annotations[deletionCost];
  if (cost !== undefined && !isInt32(cost)) {
    errors.push(invalid(`${path}[${deletionCost}]`, '', 'must be a 32bit integer'));
  }
  const containers = new Set(containersWithPaths(spec, 'spec').map(([{ name }]) => name));
  for (const [key, value] of Object.entries(annotations)) {
    if (key === seccompPod || key.startsWith(seccompContainer)) errors.push(...seccomp(value, `${path}.${key}`));
    if (!key.startsWith(appArmorAnnotation)) continue;
    const container = key.slice(appArmorAnnotation.length);
    if (!containers.has(container)) errors.push(invalid(`${path}[${key}]`, container, 'container not found'));
    if (!['', 'runtime/default', 'unconfined'].includes(value) && !value.startsWith('localhost/')) {
      errors.push(invalid(`${path}[${key}]`, value, `invalid AppArmor profile name: ${goQuote(value)}`));
    }
  }
  return errors;
}

function isInt32(text: string): boolean {
  if (!/^(?:0|-\d+|[1-9]\d*)$/.test(text)) return false;
  const value = Number(text);
  return value >= -(2 ** 31) && value < 2 ** 31;
}

function seccomp(profile: string, path: string): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return [];
  if (profile.startsWith('localhost/')) return validateDescendingPath(profile.slice('localhost/'.length), path);
  return [invalid(path, profile, 'must be a valid seccomp profile')];
}

/** Some annotations are for life. */
export function validatePodAnnotationsUpdate(
  annotations: Annotations = {},
  old: Annotations = {},
  path: string,
): FieldError[] {
  const kindOf = (key: string): string | undefined =>
    key.startsWith(appArmorAnnotation)
      ? 'AppArmor annotations'
      : key === mirrorPod
        ? 'mirror pod annotation'
        : undefined;
  const keys = [...Object.keys(old), ...Object.keys(annotations).filter((key) => !Object.hasOwn(old, key))];
  return keys.flatMap((key) => {
    const kind = kindOf(key);
    if (!kind || annotations[key] === old[key]) return [];
    const what = Object.hasOwn(old, key) ? 'remove or update' : 'add';
    return [forbiddenField(`${path}[${key}]`, `may not ${what} ${kind}`)];
  });
}
