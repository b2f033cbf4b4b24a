import type { Pod, SecurityContext } from '@kubelab/api/types';
import type {
  LinuxContainerSecurityContextInput,
  NamespaceOptionInput,
  SecurityProfileInput,
} from '@kubelab/proto/generated/runtime-v1';
import { type ContainerSpec, formatPod } from '../pods/pod.js';

/** Paths that a container with the default /proc must not see or change. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** The container's settings over the pod's. */
export function effectiveSecurityContext(pod: Pod, container: ContainerSpec): SecurityContext {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const inherited: SecurityContext = {
    ...(shared.runAsUser === undefined ? {} : { runAsUser: shared.runAsUser }),
    ...(shared.runAsGroup === undefined ? {} : { runAsGroup: shared.runAsGroup }),
    ...(shared.runAsNonRoot === undefined ? {} : { runAsNonRoot: shared.runAsNonRoot }),
    ...(shared.seccompProfile === undefined ? {} : { seccompProfile: shared.seccompProfile }),
    ...(shared.appArmorProfile === undefined ? {} : { appArmorProfile: shared.appArmorProfile }),
  };
  return { ...inherited, ...own };
}

/** Throws with upstream's words when the container would break its own runAsNonRoot. */
export function verifyRunAsNonRoot(
  pod: Pod,
  container: ContainerSpec,
  image: { uid: number | undefined; username: string },
): void {
  const effective = effectiveSecurityContext(pod, container);
  if (!effective.runAsNonRoot) return;
  const where = `(pod: "${formatPod(pod)}", container: ${container.name})`;
  if (effective.runAsUser !== undefined) {
    if (effective.runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === 0) throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
  if (image.uid !== undefined) return;
  if (image.username === '') throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
  throw new Error(
    `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
  );
}

export function namespaceOptions(pod: Pod, targetId?: string): NamespaceOptionInput {
  return {
    network: pod.spec.hostNetwork ? 'NODE' : 'POD',
    ipc: pod.spec.hostIPC ? 'NODE' : 'POD',
    pid: targetId ? 'TARGET' : pod.spec.hostPID ? 'NODE' : pod.spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
    ...(targetId ? { targetId } : {}),
  };
}

/** Without a profile upstream runs unconfined (SeccompDefault is off by default). */
export function seccompOf(
  profile: { type: string; localhostProfile?: string } | undefined,
  seccompRoot: string,
): SecurityProfileInput {
  if (profile?.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault' };
  if (profile?.type === 'Localhost') {
    return { profileType: 'Localhost', localhostRef: `${seccompRoot}/${profile.localhostProfile ?? ''}` };
  }
  return { profileType: 'Unconfined' };
}

export function apparmorOf(
  profile: { type: string; localhostProfile?: string } | undefined,
): SecurityProfileInput | undefined {
  if (!profile) return undefined;
  if (profile.type === 'Localhost') return { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' };
  return { profileType: profile.type === 'Unconfined' ? 'Unconfined' : 'RuntimeDefault' };
}

export interface ContainerSecurityOptions {
  imageUid: number | undefined;
  imageUsername: string;
  seccompRoot: string;
  /** For an ephemeral container that joins another one's processes. */
  targetContainerId?: string;
}

export function containerSecurity(
  pod: Pod,
  container: ContainerSpec,
  options: ContainerSecurityOptions,
): LinuxContainerSecurityContextInput {
  const effective = effectiveSecurityContext(pod, container);
  const shared = pod.spec.securityContext ?? {};
  const privileged = effective.privileged === true;
  const unmasked = effective.procMount === 'Unmasked' || privileged;
  const apparmor = apparmorOf(effective.appArmorProfile);
  const user = effective.runAsUser ?? options.imageUid;
  return {
    privileged,
    namespaceOptions: namespaceOptions(pod, options.targetContainerId),
    readonlyRootfs: effective.readOnlyRootFilesystem === true,
    noNewPrivs: effective.allowPrivilegeEscalation === false,
    capabilities: {
      addCapabilities: effective.capabilities?.add ?? [],
      dropCapabilities: effective.capabilities?.drop ?? [],
    },
    ...(user === undefined
      ? options.imageUsername
        ? { runAsUsername: options.imageUsername }
        : {}
      : { runAsUser: { value: user } }),
    ...(effective.runAsGroup === undefined ? {} : { runAsGroup: { value: effective.runAsGroup } }),
    supplementalGroups: [
      ...(shared.fsGroup === undefined ? [] : [shared.fsGroup]),
      ...(shared.supplementalGroups ?? []),
    ],
    supplementalGroupsPolicy: shared.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccompOf(effective.seccompProfile, options.seccompRoot),
    ...(apparmor ? { apparmor } : {}),
    ...(effective.seLinuxOptions ? { selinuxOptions: effective.seLinuxOptions } : {}),
  };
}
