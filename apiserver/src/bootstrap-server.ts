/** Feeds the bootstrap room from flags and files. */

import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { type Bootstrap, startBootstrap } from './bootstrap/bootstrap.js';
import { createServerLeases } from './bootstrap/server-leases.js';
import { type ApiserverConfig, advertiseAddress } from './config.js';
import type { ObjectAccess } from './contracts.js';
import type { Credentials } from './credentials.js';
import type { ServiceAllocations } from './services/service-room.js';
import type { Storage } from './storage/store.js';

export interface BootstrapParts {
  config: ApiserverConfig;
  credentials: Credentials;
  objects: ObjectAccess;
  clock: Clock;
  logger: Logger;
  storage: Pick<Storage, 'resource'>;
  allocations: ServiceAllocations;
}

/** Starts what the server does for the cluster once it serves; `port` is the one it listens on. */
export function bootstrapServer(parts: BootstrapParts, port: number, signal: AbortSignal): Bootstrap {
  const { config, credentials, objects, clock, logger, storage } = parts;
  const { clientCa, requestHeaderCa } = credentials;
  const leaseStore = storage.resource({
    storagePath: 'masterleases',
    group: '',
    plural: 'endpoints',
    kind: 'Endpoints',
    apiVersion: 'v1',
  });
  parts.allocations.run(signal).catch((error: unknown) => logger.error('Repair of service addresses ended', { error }));
  return startBootstrap(
    {
      objects,
      clock,
      logger,
      authentication: {
        ...(clientCa ? { clientCa: clientCa.pem } : {}),
        ...(requestHeaderCa
          ? {
              requestHeader: {
                clientCa: requestHeaderCa.pem,
                allowedNames: config['requestheader-allowed-names'],
                userNameHeaders: config['requestheader-username-headers'],
                uidHeaders: config['requestheader-uid-headers'],
                groupHeaders: config['requestheader-group-headers'],
                extraHeaderPrefixes: config['requestheader-extra-headers-prefix'],
              },
            }
          : {}),
      },
      kubernetesService: {
        leases: createServerLeases(leaseStore, clock),
        serviceIp: firstAddress(config['service-cluster-ip-range']),
        servicePort: 443,
        advertiseAddress: advertiseAddress(config),
        securePort: port,
      },
      allocations: parts.allocations,
    },
    signal,
  );
}

/** The kubernetes service has the first address of the range: 10.96.0.1 of 10.96.0.0/12. */
function firstAddress(range: string): string {
  const [address = '', bits = '0'] = range.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
}
