import { chownSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { ensurePki } from './authority-store.js';
import type { PkiConfig } from './config.js';
import { listCertificates } from './inventory.js';
import { renderKubeconfig } from './kubeconfig-file.js';
import { isPublic, pairOf, planVolumes } from './volumes.js';
import { writeFileIfChanged } from './write-file.js';

/** Brings every volume to what the cluster's PKI says; run again, it changes only what has to change. */
export async function runPki(config: PkiConfig, context: { logger: Logger; clock: Clock }): Promise<void> {
  const { logger, clock } = context;
  const specs = listCertificates({
    apiServerHost: config['api-server-host'],
    extraSans: config['api-server-extra-sans'],
    serviceClusterIp: config['service-cluster-ip'],
    clusterDomain: config['cluster-domain'],
  });
  const pki = await ensurePki(specs, {
    folder: join(config.volumes, 'ca'),
    now: clock.now(),
    renewBeforeMs: config['renew-before'],
    validityMs: config['certificate-validity'],
    logger,
  });
  for (const [volume, files] of Object.entries(planVolumes(pki, `https://${config['api-server-host']}:6443`))) {
    for (const [file, content] of Object.entries(files)) {
      const path = join(config.volumes, volume, file);
      if (writeFileIfChanged(path, content, { mode: isPublic(file) ? 0o644 : 0o600 })) {
        logger.info('Wrote', { path });
      }
    }
  }
  writeAdminKubeconfig(
    config,
    renderAdminKubeconfig(config, pki.authorities.ca.certificate, pairOf(pki, 'admin-client')),
  );
  logger.info('The PKI is complete', { certificates: specs.length });
}

function renderAdminKubeconfig(
  config: PkiConfig,
  ca: string,
  credentials: { certificate: string; key: string },
): string {
  const name = config['context-name'];
  const server = `https://127.0.0.1:${config['api-server-port']}`;
  return renderKubeconfig({ server, ca, cluster: name, user: name, context: name, credentials });
}

/** The folder may have been made by the engine, as root: it and the file belong to whoever owns the checkout. */
function writeAdminKubeconfig(config: PkiConfig, content: string): void {
  const path = config['admin-kubeconfig'];
  const ownerOf = config['owner-of'];
  mkdirSync(dirname(path), { recursive: true });
  if (ownerOf === '') {
    writeFileIfChanged(path, content, { mode: 0o600 });
    return;
  }
  const { uid, gid } = statSync(ownerOf);
  chownSync(dirname(path), uid, gid);
  writeFileIfChanged(path, content, { mode: 0o600, owner: { uid, gid } });
}
