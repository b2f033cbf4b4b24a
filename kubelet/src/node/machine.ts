import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { arch, cpus, networkInterfaces, release } from 'node:os';
import { type LimitFiles, type NodeLimits, readLimits } from './cgroup-limits.js';

export interface MachineFacts {
  architecture: string;
  bootID: string;
  machineID: string;
  systemUUID: string;
  kernelVersion: string;
  osImage: string;
}

const goArchitectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ia32: '386',
  arm: 'arm',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

export function readFileOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Files of /sys and /proc that this machine does not have, or does not show to containers.
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'EPERM', 'ENODEV', 'EINVAL', 'EIO'].includes(code)) return undefined;
    throw error;
  }
}

export function readMachine(): MachineFacts {
  const osRelease = readFileOrUndefined('/etc/os-release') ?? '';
  const machineID =
    readFileOrUndefined('/etc/machine-id')?.trim() || readFileOrUndefined('/var/lib/dbus/machine-id')?.trim() || '';
  return {
    architecture: goArchitectures[arch()] ?? arch(),
    bootID: readFileOrUndefined('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
    machineID,
    systemUUID: readFileOrUndefined('/sys/class/dmi/id/product_uuid')?.trim() || machineID,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? 'Unknown',
  };
}

export function readNodeLimits(): NodeLimits {
  const files: LimitFiles = { read: readFileOrUndefined, cpuCount: cpus().length };
  return readLimits(files);
}

export interface DiskUsage {
  capacityBytes: number;
  availableBytes: number;
  inodes: number;
  inodesFree: number;
}

export async function readDisk(path: string): Promise<DiskUsage> {
  const { blocks, bavail, bsize, files, ffree } = await statfs(path);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree };
}

/** The interface of the default route, from /proc/net/route. */
export function defaultInterface(routes: string): string | undefined {
  const lines = routes.split('\n').slice(1);
  const [name] = lines.map((line) => line.split('\t')).find(([, destination]) => destination === '00000000') ?? [];
  return name;
}

/** The node's IPv4 address: that of the interface with the default route, else of the first one that is no bridge for pods. */
export function primaryAddress(
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
  routes = readFileOrUndefined('/proc/net/route') ?? '',
): string | undefined {
  const outward = defaultInterface(routes);
  const addresses = Object.entries(interfaces)
    .flatMap(([name, list]) => (list ?? []).map((address) => ({ name, ...address })))
    .filter((address) => !address.internal && address.family === 'IPv4');
  const preferred = addresses.find(({ name }) => name === outward);
  return (preferred ?? addresses.find(({ name }) => !/^(docker|cni|br-|veth|kube)/.test(name)))?.address;
}
