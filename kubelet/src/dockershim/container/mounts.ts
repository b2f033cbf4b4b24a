/** CRI mounts and devices as the engine's. */
import { CriError } from '@kubelab/proto/cri-error';
import type { Device, Mount, MountInput, MountPropagation } from '@kubelab/proto/generated/runtime-v1';
import type { MountPropagation as EnginePropagation, MountSettings } from 'dockerode';

/** Private is the engine's default, and is not asked for: of a mount that holds the engine's own folder, as the node's root does, it must be a slave. */
const propagation: Record<MountPropagation, EnginePropagation | undefined> = {
  PROPAGATION_PRIVATE: undefined,
  PROPAGATION_HOST_TO_CONTAINER: 'rslave',
  PROPAGATION_BIDIRECTIONAL: 'rshared',
};

export function planMounts(mounts: readonly Mount[]): MountSettings[] {
  return mounts.map((mount) => {
    refuseUnsupported(mount);
    const wanted = propagation[mount.propagation];
    return {
      Type: 'bind',
      Source: mount.hostPath,
      Target: mount.containerPath,
      ReadOnly: mount.readonly,
      ...(wanted ? { BindOptions: { Propagation: wanted } } : {}),
    };
  });
}

function refuseUnsupported(mount: Mount): void {
  const unsupported =
    (mount.recursiveReadOnly && 'recursive read-only mounts are') ||
    (mount.image && 'image volumes are') ||
    ((mount.uidMappings.length > 0 || mount.gidMappings.length > 0) && 'ID-mapped mounts are');
  if (unsupported) {
    throw new CriError(
      'INVALID_ARGUMENT',
      `mount ${mount.containerPath}: ${unsupported} not supported by this runtime`,
    );
  }
  if (!mount.containerPath || !mount.hostPath) {
    throw new CriError(
      'INVALID_ARGUMENT',
      `mount ${mount.containerPath}: host_path and container_path must not be empty`,
    );
  }
}

/** One mount as the engine's inspect shows it. */
export interface EngineMount {
  Source: string;
  Destination: string;
  RW: boolean;
  Propagation?: string;
}

export function reportMounts(mounts: readonly EngineMount[] | null | undefined): MountInput[] {
  return (mounts ?? []).map((mount) => ({
    hostPath: mount.Source,
    containerPath: mount.Destination,
    readonly: !mount.RW,
    propagation: reportPropagation(mount.Propagation),
  }));
}

function reportPropagation(value: string | undefined): MountPropagation {
  if (value === 'rslave' || value === 'slave') return 'PROPAGATION_HOST_TO_CONTAINER';
  return value === 'rshared' || value === 'shared' ? 'PROPAGATION_BIDIRECTIONAL' : 'PROPAGATION_PRIVATE';
}

export function planDevices(devices: readonly Device[]) {
  return devices.map((device) => ({
    PathOnHost: device.hostPath,
    PathInContainer: device.containerPath,
    CgroupPermissions: device.permissions,
  }));
}
