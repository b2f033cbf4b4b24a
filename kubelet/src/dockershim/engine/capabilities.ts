/** What this node may give away. */
import { readFileSync } from 'node:fs';

/** Linux capabilities by their number, as the engine calls them. */
const names = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
];

/**
 * The capabilities in the bounding set of this process, when that is not all the kernel has: no container can get more, and the engine's
 * own `privileged` would ask for more and fail. Undefined where nothing is missing.
 */
export function limitedCapabilities(
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): readonly string[] | undefined {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status'))?.[1];
  if (bounding === undefined) return undefined;
  const has = (number: number): boolean => ((BigInt(`0x${bounding}`) >> BigInt(number)) & 1n) === 1n;
  const last = Number(read('/proc/sys/kernel/cap_last_cap').trim());
  const all = Array.from({ length: last + 1 }, (_, number) => number);
  return all.every(has) ? undefined : names.filter((_, number) => has(number));
}
