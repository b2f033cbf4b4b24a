/** A container's security context as the engine's settings. */
import { CriError } from '@kubelab/proto/cri-error';
import type {
  Int64Value,
  LinuxContainerSecurityContext,
  SELinuxOption,
  SecurityProfile,
} from '@kubelab/proto/generated/runtime-v1';
import type { HostConfig } from 'dockerode';

/** `uid[:gid]`, `name[:gid]`, or undefined for the image's own user. */
export function userOf(
  uid: Int64Value | null | undefined,
  gid: Int64Value | null | undefined,
  username: string,
): string | undefined {
  const user = uid ? String(uid.value) : username;
  if (!gid) return user === '' ? undefined : user;
  if (user === '') throw new CriError('INVALID_ARGUMENT', 'runAsGroup is specified without a runAsUser');
  return `${user}:${gid.value}`;
}

export interface SecurityOptions {
  /** Which security modules the engine enforces: `seccomp`, `apparmor`, `selinux`. */
  engineModules: ReadonlySet<string>;
  /** What a privileged container gets where the node has not every capability itself; undefined: it has. */
  limitedCapabilities?: readonly string[] | undefined;
  readFile(path: string): string;
}

export function planSecurity(
  security: LinuxContainerSecurityContext | null | undefined,
  options: SecurityOptions,
): HostConfig {
  if (!security) return {};
  if (security.supplementalGroupsPolicy === 'Strict') {
    throw new CriError('INVALID_ARGUMENT', 'supplementalGroupsPolicy Strict is not supported by this runtime');
  }
  if (security.privileged && options.limitedCapabilities) return planLimitedPrivileged(security, options);
  return {
    Privileged: security.privileged,
    ReadonlyRootfs: security.readonlyRootfs,
    GroupAdd: security.supplementalGroups.map(String),
    ...planCapabilities(security),
    ...(security.privileged ? {} : { MaskedPaths: security.maskedPaths, ReadonlyPaths: security.readonlyPaths }),
    SecurityOpt: planSecurityOpt(security, options),
  };
}

/** As near to `privileged` as a node can that is not so itself: its own capabilities, all devices, nothing masked, no profile. */
function planLimitedPrivileged(security: LinuxContainerSecurityContext, options: SecurityOptions): HostConfig {
  const unconfined = ['seccomp', 'apparmor'].filter((module) => options.engineModules.has(module));
  return {
    ReadonlyRootfs: security.readonlyRootfs,
    GroupAdd: security.supplementalGroups.map(String),
    CapAdd: [...(options.limitedCapabilities ?? [])],
    DeviceCgroupRules: ['a *:* rwm'],
    MaskedPaths: [],
    ReadonlyPaths: [],
    SecurityOpt: [...unconfined.map((module) => `${module}=unconfined`), ...planSelinux(security.selinuxOptions)],
  };
}

function planCapabilities({ capabilities }: LinuxContainerSecurityContext): HostConfig {
  if (!capabilities) return {};
  if (capabilities.addAmbientCapabilities.length > 0) {
    throw new CriError('INVALID_ARGUMENT', 'ambient capabilities are not supported by this runtime');
  }
  return { CapAdd: capabilities.addCapabilities, CapDrop: capabilities.dropCapabilities };
}

function planSecurityOpt(security: LinuxContainerSecurityContext, options: SecurityOptions): string[] {
  const opts = [
    ...planSeccomp(security, options),
    ...planApparmor(security, options),
    ...planSelinux(security.selinuxOptions),
  ];
  if (security.noNewPrivs) opts.push('no-new-privileges');
  return opts;
}

function planSeccomp({ seccomp, privileged }: LinuxContainerSecurityContext, options: SecurityOptions): string[] {
  if (privileged || !options.engineModules.has('seccomp')) return [];
  switch (seccomp?.profileType) {
    case 'RuntimeDefault':
      return [];
    case 'Localhost':
      return [`seccomp=${readProfile(seccomp, options)}`];
    default:
      return ['seccomp=unconfined'];
  }
}

function readProfile({ localhostRef }: SecurityProfile, options: SecurityOptions): string {
  try {
    // The engine wants the profile itself; parsing it first gives a better message than the engine's.
    return JSON.stringify(JSON.parse(options.readFile(localhostRef)));
  } catch (error) {
    throw new CriError('INVALID_ARGUMENT', `cannot load seccomp profile ${localhostRef}: ${String(error)}`, {
      cause: error,
    });
  }
}

function planApparmor({ apparmor, privileged }: LinuxContainerSecurityContext, options: SecurityOptions): string[] {
  if (!apparmor || apparmor.profileType === 'RuntimeDefault' || privileged) return [];
  const enforced = options.engineModules.has('apparmor');
  if (apparmor.profileType === 'Unconfined') return enforced ? ['apparmor=unconfined'] : [];
  if (!enforced) throw new CriError('INVALID_ARGUMENT', 'AppArmor is not enabled on this node');
  return [`apparmor=${apparmor.localhostRef}`];
}

function planSelinux(selinux: SELinuxOption | null): string[] {
  if (!selinux) return [];
  return (['user', 'role', 'type', 'level'] as const)
    .filter((field) => selinux[field] !== '')
    .map((field) => `label=${field}:${selinux[field]}`);
}
