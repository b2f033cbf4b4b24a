import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createClient } from '@kubelab/client/rest-client';
import { readConfigFile } from '@kubelab/component/files';
import type { ServiceContext } from '@kubelab/component/service';
import { dnsRepository, dnsTag } from '../image-archive/lab-images.js';
import { applyManifest } from './apply.js';
import { bootstrapTokenSecret, clusterInfo, parseBootstrapToken } from './bootstrap-token.js';
import type { AddonsConfig } from './config.js';
import { readManifests } from './manifests.js';

/** Applies the addons in order: first what lets nodes join, then what runs on them. */
export async function runAddons(
  config: AddonsConfig,
  context: Pick<ServiceContext, 'logger' | 'clock' | 'signal'>,
): Promise<void> {
  const cluster = loadKubeconfig(config.kubeconfig);
  const token = parseBootstrapToken(
    readConfigFile('bootstrap-token-file', config['bootstrap-token-file']).toString('utf8'),
  );
  const manifests = [
    bootstrapTokenSecret(token),
    ...readManifests(config.manifests, { DNS_IMAGE: `${dnsRepository}:${dnsTag(config.dns)}` }),
    clusterInfo(token, { server: cluster.server, ca: String(cluster.ca ?? '') }),
  ];
  const client = createClient({ ...cluster, userAgent: 'kubelab-addon-manager' });
  try {
    for (const manifest of manifests) {
      await applyManifest(manifest, { client, timeoutMs: config.timeout, ...context });
    }
  } finally {
    client.close();
  }
}
