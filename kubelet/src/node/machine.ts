import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { arch, cpus, networkInterfaces, release } from 'node:os';
import { promisify } from 'node:util';
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

/** Addresses of the interface that leads out, as `ip route` would choose it: the first non-loopback IPv4 address that is no bridge's. */
export function primaryAddress(
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string | undefined {
  const candidates = Object.entries(interfaces)
    .filter(([name]) => !/^(docker|cni|br-|veth|kube|lo)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter((address) => !address.internal && address.family === 'IPv4');
  return candidates[0]?.address;
}

/** The source address of the default route, which is what other machines see; undefined without a route. */
export async function routedAddress(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ip', ['-4', 'route', 'get', '1.1.1.1']);
    return /\bsrc (\S+)/.exec(stdout)?.[1];
  } catch {
    // No route, or no ip(8): the interfaces themselves are asked instead.
    return undefined;
  }
}
