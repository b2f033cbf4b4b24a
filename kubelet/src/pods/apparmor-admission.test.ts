import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod, PodSpec } from '@kubelab/api/types';
import { appArmorRejection, hasAppArmor } from './apparmor-admission.js';

const refusal = (spec: Partial<PodSpec>, enabled: boolean) => {
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'a' }], ...spec } } as unknown as Pod;
  return appArmorRejection(pod, { enabled });
};
const ofPod = (type: string): Partial<PodSpec> => ({ securityContext: { appArmorProfile: { type } } });
const ofContainer = (type: string, localhostProfile?: string): Partial<PodSpec> => {
  const appArmorProfile = { type, ...(localhostProfile === undefined ? {} : { localhostProfile }) };
  return { containers: [{ name: 'a', securityContext: { appArmorProfile } }] };
};
const away = { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };

test('a machine without AppArmor refuses pods that want a profile', () => {
  expect(refusal(ofPod('RuntimeDefault'), false)).toEqual(away);
  expect(refusal(ofContainer('Localhost', 'mine'), false)).toEqual(away);
  expect(refusal({ initContainers: ofContainer('RuntimeDefault').containers ?? [] }, false)).toEqual(away);
});

test('who wants none is taken', () => {
  expect(refusal({}, false)).toBeUndefined();
  expect(refusal(ofPod('Unconfined'), false)).toBeUndefined();
  expect(refusal({ ...ofPod('RuntimeDefault'), ...ofContainer('Unconfined') }, false)).toBeUndefined();
});

test('a machine with AppArmor takes them, but for a profile without name', () => {
  expect(refusal(ofContainer('Localhost', 'mine'), true)).toBeUndefined();
  expect(refusal(ofContainer('Localhost', ' '), true)?.message).toBe(
    'Cannot enforce AppArmor: invalid empty AppArmor profile name: " "',
  );
});

test.each([
  ['Y\n', true],
  ['N\n', false],
  [undefined, false],
])('a kernel that says %j', async (enabled, expected) => {
  const root = `${await mkdtemp(join(tmpdir(), 'apparmor-'))}/`;
  try {
    await mkdir(`${root}sys/kernel/security/apparmor`, { recursive: true });
    await mkdir(`${root}sys/module/apparmor/parameters`, { recursive: true });
    if (enabled) await writeFile(`${root}sys/module/apparmor/parameters/enabled`, enabled);
    expect(await hasAppArmor(root)).toBe(expected);
  } finally {
    await rm(root, { recursive: true });
  }
});
