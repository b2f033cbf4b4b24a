/** Security contexts of pods and containers. */
import { duplicate, type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { isValidGroupID, isValidUserID } from '@kubelab/apimachinery/names';
import type { PodSecurityContext, PodSpec, SecurityContext } from '../../types.js';
import { validateEach, validateOptionalEnum } from '../../validation/fields.js';
import { validateAppArmorProfile, validateSeccompProfile } from './profiles.js';

const sysctlName = /^(?:[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/;
const sysctlMaxLength = 253;

export function validatePodSecurityContext(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext;
  if (!context) return [];
  const errors: FieldError[] = [];
  if (context.fsGroup !== undefined) errors.push(...validateGroup(context.fsGroup, `${path}.fsGroup`));
  if (context.runAsUser !== undefined) errors.push(...validateUser(context.runAsUser, `${path}.runAsUser`));
  if (context.runAsGroup !== undefined) errors.push(...validateGroup(context.runAsGroup, `${path}.runAsGroup`));
  errors.push(...validateEach(context.supplementalGroups, `${path}.supplementalGroups`, validateGroup));
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalid(`${path}.shareProcessNamespace`, true, why));
  }
  errors.push(...validateSysctls(context, spec, `${path}.sysctls`));
  const policies = ['Always', 'OnRootMismatch'];
  errors.push(...validateOptionalEnum(context.fsGroupChangePolicy, policies, `${path}.fsGroupChangePolicy`));
  errors.push(...validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`));
  errors.push(...validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`));
  return errors;
}

function validateSysctls(context: PodSecurityContext, spec: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return validateEach(context.sysctls, path, ({ name }, at) => {
    if (!name) return [required(`${at}.name`)];
    if (name.length > sysctlMaxLength || !sysctlName.test(name)) {
      const why = `must have at most ${sysctlMaxLength} characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`;
      return [invalid(`${at}.name`, name, why)];
    }
    if (names.has(name)) return [duplicate(`${at}.name`, name)];
    names.add(name);
    const hostNetwork = spec.hostNetwork && name.startsWith('net.');
    if (hostNetwork) return [invalid(`${at}.name`, name, "may not be specified when 'hostNetwork' is true")];
    const hostIPC =
      spec.hostIPC &&
      (name.startsWith('kernel.sem') ||
        name.startsWith('kernel.msg') ||
        name.startsWith('kernel.shm') ||
        name.startsWith('fs.mqueue.'));
    return hostIPC ? [invalid(`${at}.name`, name, "may not be specified when 'hostIPC' is true")] : [];
  });
}

export function validateContainerSecurityContext(context: SecurityContext | undefined, path: string): FieldError[] {
  if (!context) return [];
  const errors: FieldError[] = [];
  if (context.runAsUser !== undefined) errors.push(...validateUser(context.runAsUser, `${path}.runAsUser`));
  if (context.runAsGroup !== undefined) errors.push(...validateGroup(context.runAsGroup, `${path}.runAsGroup`));
  if (context.procMount !== undefined) {
    errors.push(...validateOptionalEnum(context.procMount, ['Default', 'Unmasked'], `${path}.procMount`));
  }
  errors.push(...validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`));
  errors.push(...validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    }
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      const why = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      errors.push(invalid(path, context, why));
    }
  }
  return errors;
}

function validateUser(uid: number, path: string): FieldError[] {
  return isValidUserID(uid).map((problem) => invalid(path, uid, problem));
}

function validateGroup(gid: number, path: string): FieldError[] {
  return isValidGroupID(gid).map((problem) => invalid(path, gid, problem));
}
