/** seccomp and AppArmor profiles of pods and containers. */

import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
  tooLong,
} from '@kubelab/apimachinery/field-error';
import type { AppArmorProfile, PodSpec, SeccompProfile } from '../../types.js';
import { appArmorAnnotation, containersWithPaths } from '../app-armor.js';
import { validateDescendingPath } from './paths.js';

const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
/** One less than the kernel's limit for paths. */
const maxProfileBytes = 4095;

export function validateSeccompProfile(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!types.includes(type)) errors.push(notSupported(`${path}.type`, type, types));
  const at = `${path}.localhostProfile`;
  if (type !== 'Localhost') {
    // Upstream shows the whole profile, with the names that its fields have in Go.
    const shown = { Type: type ?? '', LocalhostProfile: localhostProfile };
    if (localhostProfile !== undefined) {
      errors.push(invalid(at, shown, 'can only be set when seccomp type is Localhost'));
    }
  } else if (localhostProfile === undefined) {
    errors.push(required(at, 'must be set when seccomp type is Localhost'));
  } else errors.push(...validateDescendingPath(localhostProfile, at));
  return errors;
}

export function validateAppArmorProfile(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  if (!type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')];
  if (!types.includes(type)) return [notSupported(`${path}.type`, type, types)];
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') return validateProfileName(localhostProfile, at);
  if (localhostProfile === undefined) return [];
  return [invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost')];
}

function validateProfileName(name: string | undefined, path: string): FieldError[] {
  const missing = required(path, 'must be set when AppArmor type is Localhost');
  if (name === undefined) return [missing];
  const errors: FieldError[] = [];
  if (name !== name.trim()) errors.push(invalid(path, name, 'must not be padded with whitespace'));
  else if (name === '') errors.push(missing);
  if (Buffer.byteLength(name) > maxProfileBytes) errors.push(tooLong(path, maxProfileBytes));
  return errors;
}

/** At creation an annotation and the field for one container must say the same. */
export function validateAppArmorAgreement(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: PodSpec,
  path: string,
): FieldError[] {
  if (spec.os?.name === 'windows') return [];
  return containersWithPaths(spec, path).flatMap(([container, at]) => {
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    const annotation = annotations?.[appArmorAnnotation + container.name];
    if (!profile || annotation === undefined) return [];
    return disagreement(profile, annotation, `${at}.securityContext.appArmorProfile`);
  });
}

function disagreement(profile: AppArmorProfile, annotation: string, path: string): FieldError[] {
  const otherType = forbiddenField(`${path}.type`, 'apparmor type in annotation and field must match');
  if (profile.type === 'Unconfined') return annotation === 'unconfined' ? [] : [otherType];
  if (profile.type === 'RuntimeDefault') return annotation === 'runtime/default' ? [] : [otherType];
  if (profile.type !== 'Localhost') return [];
  if (!annotation.startsWith('localhost/')) return [otherType];
  if (annotation.slice('localhost/'.length) === profile.localhostProfile) return [];
  return [forbiddenField(`${path}.localhostProfile`, 'apparmor profile in annotation and field must match')];
}
