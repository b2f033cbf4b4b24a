/** Whether a pod's AppArmor profiles can be enforced here: upstream's AppArmor admit handler. */
import { readFile, stat } from 'node:fs/promises';
import type { Pod } from '@kubelab/api/types';
import { effectiveSecurityContext } from '../containers/security-context.js';
import { allContainers } from './pod.js';
import type { PodVerdict } from './status.js';

/** True when the kernel enforces AppArmor and this node may use it. `root` is `/`, but for tests. */
export async function hasAppArmor(root = '/'): Promise<boolean> {
  try {
    await stat(`${root}sys/kernel/security/apparmor`);
    return (await readFile(`${root}sys/module/apparmor/parameters/enabled`, 'utf8')).startsWith('Y');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Undefined when the pod asks for no profile, or for ones that can be had. */
export function appArmorRejection(pod: Pod, options: { enabled: boolean }): PodVerdict | undefined {
  const profiles = allContainers(pod)
    .map((container) => effectiveSecurityContext(pod, container).appArmorProfile)
    .filter((profile) => profile !== undefined);
  if (!profiles.some(({ type }) => type !== 'Unconfined')) return undefined;
  if (!options.enabled) return refused('AppArmor is not enabled on the host');
  const nameless = profiles.find(({ type, localhostProfile = '' }) => type === 'Localhost' && !localhostProfile.trim());
  if (!nameless) return undefined;
  return refused(`invalid empty AppArmor profile name: ${JSON.stringify(nameless.localhostProfile ?? '')}`);
}

function refused(problem: string): PodVerdict {
  return { reason: 'AppArmor', message: `Cannot enforce AppArmor: ${problem}` };
}
