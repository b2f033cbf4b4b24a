import type { Pod, PodSpec } from '@kubelab/api/types';
import { allowlistProblem, sysctlRejection } from './sysctl-allowlist.js';

function verdict(name: string, spec: Partial<PodSpec> = {}, allowed: string[] = []): string | undefined {
  const pod = {
    metadata: {},
    spec: { ...spec, securityContext: { sysctls: [{ name, value: '1' }] } },
  } as unknown as Pod;
  return sysctlRejection(pod, allowed)?.message;
}

test('safe settings of a namespace of its own are allowed', () => {
  expect(verdict('net.ipv4.tcp_syncookies')).toBeUndefined();
  expect(verdict('net/ipv4/tcp_syncookies')).toBeUndefined();
  expect(verdict('kernel.shm_rmid_forced')).toBeUndefined();
});

test('others are refused in upstream’s words until they are allowed', () => {
  expect(verdict('kernel.msgmax')).toBe('forbidden sysctl: "kernel.msgmax" not allowlisted');
  expect(verdict('kernel.msgmax', {}, ['kernel.msg*'])).toBeUndefined();
  expect(verdict('net.core.somaxconn', {}, ['net.core.somaxconn'])).toBeUndefined();
  expect(verdict('net.core.somaxconn2', {}, ['net.core.somaxconn'])).toMatch(/not allowlisted/);
  expect(verdict('vm.overcommit_memory', {}, ['*'])).toMatch(/not allowlisted/);
});

test('a setting of the node’s own namespace is refused', () => {
  expect(verdict('net.ipv4.tcp_syncookies', { hostNetwork: true })).toBe(
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
  );
  expect(verdict('kernel.shm_rmid_forced', { hostIPC: true })).toMatch(/not allowed with host IPC enabled$/);
  expect(verdict('kernel.shm_rmid_forced', { hostNetwork: true })).toBeUndefined();
});

test.each([
  ['net.core.*', undefined],
  ['kernel.msgmax', undefined],
  ['vm.*', /not known to be namespaced/],
  ['kernel.panic', /not known to be namespaced/],
  ['a b', /neither/],
])('--allowed-unsafe-sysctls=%s', (pattern, problem) => {
  const found = allowlistProblem(pattern);
  if (problem) expect(found).toMatch(problem);
  else expect(found).toBeUndefined();
});
