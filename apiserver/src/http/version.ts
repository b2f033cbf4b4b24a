/** /version: what `kubectl version` shows of the server. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gitVersion, kubernetesVersion } from '@kubelab/component/identity';

let programHash: string | undefined;

/** Clients want 40 hexadecimal digits that tell one build from another: the hash of this program's file. */
function commit(): string {
  programHash ??= createHash('sha1')
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest('hex');
  return programHash;
}

export function versionDocument(): Record<string, string> {
  const [major = '', minor = ''] = kubernetesVersion.split('.');
  return {
    major,
    minor,
    gitVersion,
    gitCommit: commit(),
    gitTreeState: 'archive',
    buildDate: '1970-01-01T00:00:00Z',
    // Clients only show it; upstream has the version of its compiler here.
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
