/** /version: what `kubectl version` shows of the server. */

import { gitVersion, kubernetesVersion } from '@kubelab/component/identity';

export function versionDocument(): Record<string, string> {
  const [major = '', minor = ''] = kubernetesVersion.split('.');
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    // Clients only show it; upstream has the version of its compiler here.
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
