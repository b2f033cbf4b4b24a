/** Keeps an APIService for every group version that this server serves itself. */

import { compareVersions } from '@kubelab/api/groups';
import type { ResourceDefinition } from '@kubelab/api/resource';
import type { APIService } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import type { Clock, Timer } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { together } from '../bootstrap/together.js';
import type { ObjectAccess } from '../contracts.js';
import type { Resources } from '../registry/resources.js';

const groupResource = { group: 'apiregistration.k8s.io', resource: 'apiservices' };
/** `onstart`: of a built-in group version; `true`: of one that comes and goes with a CustomResourceDefinition. */
const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';
const retryMs = 1_000;

/** Upstream's order among groups, highest first; each step is 100 below the one before. */
const groupPriorities: Readonly<Record<string, number>> = {
  '': 18_000,
  'events.k8s.io': 17_750,
  apps: 17_800,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
};

interface Wanted {
  name: string;
  labels: Record<string, string>;
  spec: APIService['spec'];
}

/** The local APIServices by name. Pure. */
export function wantedServices(definitions: readonly ResourceDefinition[]): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const { group, version, custom } of definitions) {
    const name = `${version}.${group}`;
    // The API of APIServices does not announce itself.
    if (wanted.has(name) || group === groupResource.group) continue;
    const versions = [...new Set(definitions.filter((each) => each.group === group).map((each) => each.version))];
    const rank = versions.sort(compareVersions).indexOf(version);
    wanted.set(name, {
      name,
      labels: { [managedLabel]: custom ? 'true' : 'onstart' },
      spec: {
        ...(group ? { group } : {}),
        version,
        groupPriorityMinimum: custom ? 1_000 : (groupPriorities[group] ?? 16_000),
        versionPriority: custom ? Math.max(1, 100 - rank) : Math.max(1, (versions.length > 1 ? 30 : 15) - rank * 15),
      },
    });
  }
  return wanted;
}

export interface LocalServicesOptions {
  resources: Resources;
  objects: ObjectAccess;
  clock: Clock;
  logger: Logger;
}

export interface LocalServices {
  stop(): Promise<void>;
}

/** Brings the APIServices in line now, and whenever kinds come or go or somebody touches one of them. */
export function startLocalServices(options: LocalServicesOptions): LocalServices {
  const { resources, objects, clock, logger } = options;
  if (!resources.byGroupResource(groupResource)?.store) return { stop: () => Promise.resolve() };
  let stopped = false;
  let timer: Timer | undefined;
  let running: Promise<void> = Promise.resolve();
  const schedule = (delayMs: number): void => {
    if (stopped) return;
    timer?.clear();
    timer = clock.setTimeout(() => {
      running = running
        .then(() => synchronize(options))
        .catch((error: unknown) => {
          if (stopped) return;
          logger.warn('APIServices could not be brought in line', { error });
          schedule(retryMs);
        });
    }, delayMs);
  };
  const unsubscribe = [resources.onChange(() => schedule(0)), objects.onChange(groupResource, () => schedule(0))];
  schedule(0);
  return {
    async stop() {
      stopped = true;
      timer?.clear();
      for (const end of unsubscribe) end();
      await running;
    },
  };
}

async function createService(objects: ObjectAccess, { name, labels, spec }: Wanted): Promise<void> {
  try {
    await objects.create(groupResource, { metadata: { name, labels }, spec });
  } catch (error) {
    // Another server of the same cluster was faster.
    if (!isAlreadyExists(error)) throw error;
  }
}

async function synchronize({ resources, objects }: LocalServicesOptions): Promise<void> {
  const wanted = wantedServices(resources.definitions());
  const store = resources.byGroupResource(groupResource)?.store;
  const existing = new Map(
    objects.peekAll<UnstructuredObject>(groupResource).map((object) => [object.metadata.name, object]),
  );
  const missing = [...wanted.values()].filter(({ name }) => !existing.has(name));
  await together(missing.map((service) => createService(objects, service)));
  for (const [name, object] of existing) {
    if (wanted.has(name) || object.metadata.labels?.[managedLabel] !== 'true') continue;
    await store?.update(name, (current) => (current ? { action: 'delete' } : { action: 'keep' }));
  }
}
