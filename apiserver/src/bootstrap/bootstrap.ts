/** What the server sees to itself once it serves: system objects, its policy, its own service. */

import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { ObjectAccess } from '../contracts.js';
import type { ServiceAllocations } from '../services/service-room.js';
import { type ClusterAuthenticationInfo, publishAuthentication } from './authentication-config-map.js';
import {
  type KubernetesServiceOptions,
  leaveKubernetesService,
  reconcileKubernetesService,
} from './kubernetes-service.js';
import { reconcilePolicy } from './reconcile-policy.js';
import { ensurePriorityClasses, ensureSystemNamespaces } from './system-objects.js';
import { together } from './together.js';

const firstRetryMs = 100;
const maxRetryMs = 5_000;
/** Upstream looks after its namespaces once a minute and after its endpoints every ten seconds. */
const endpointsPeriodMs = 10_000;
const namespacesPeriodMs = 60_000;

export interface BootstrapOptions {
  objects: ObjectAccess;
  clock: Clock;
  logger: Logger;
  authentication: ClusterAuthenticationInfo;
  kubernetesService: Omit<KubernetesServiceOptions, 'objects'>;
  /** Addresses of services have to be in order before the first service is made. */
  allocations: Pick<ServiceAllocations, 'repair' | 'reserve'>;
}

/** Names of the steps, in upstream's order. */
export const postStartHooks = [
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'bootstrap-controller',
] as const;

type HookName = (typeof postStartHooks)[number];

export interface Bootstrap {
  /** Resolves when everything is in place once; /readyz should wait for it. Rejects only when the signal ends it. */
  readonly ready: Promise<void>;
  /** Resolves after the signal, when this server has taken itself out of the endpoints. */
  readonly done: Promise<void>;
  /** Whether this step has succeeded once. */
  readonly isFinished: (hook: HookName) => boolean;
}

interface Step {
  name: HookName;
  run: () => Promise<void>;
}

/** Starts at once and goes on until `signal`. Every step is repeated with back-off until it succeeds, so storage may come later. */
export function startBootstrap(options: BootstrapOptions, signal: AbortSignal): Bootstrap {
  const { objects } = options;
  const service: KubernetesServiceOptions = { ...options.kubernetesService, objects };
  const finished = new Set<HookName>();
  const ready = runSteps(options, signal, finished, [
    // The namespaces are where the rest goes; addresses are in order before the first service asks for one.
    [{ name: 'start-system-namespaces-controller', run: () => ensureSystemNamespaces(objects) }],
    [
      { name: 'rbac/bootstrap-roles', run: () => reconcilePolicy(objects) },
      { name: 'scheduling/bootstrap-system-priority-classes', run: () => ensurePriorityClasses(objects) },
      {
        name: 'start-cluster-authentication-info-controller',
        run: () => publishAuthentication(objects, options.authentication),
      },
      { name: 'start-service-ip-repair-controllers', run: () => repairAllocations(options) },
    ],
    [{ name: 'bootstrap-controller', run: () => reconcileKubernetesService(service) }],
  ]);
  const loops = [
    keepUp(options, signal, ready, endpointsPeriodMs, {
      name: 'bootstrap-controller',
      run: () => reconcileKubernetesService(service),
    }),
    keepUp(options, signal, ready, namespacesPeriodMs, {
      name: 'start-system-namespaces-controller',
      run: () => ensureSystemNamespaces(objects),
    }),
  ];
  const done = Promise.all(loops).then(() => leave(options, service));
  return { ready, done, isFinished: (hook) => finished.has(hook) };
}

async function repairAllocations({ allocations, kubernetesService }: BootstrapOptions): Promise<void> {
  await allocations.repair();
  await allocations.reserve(kubernetesService.serviceIp, { namespace: 'default', name: 'kubernetes' });
}

/** One group after the other; the steps of a group at the same time. */
async function runSteps(
  options: BootstrapOptions,
  signal: AbortSignal,
  finished: Set<HookName>,
  groups: readonly (readonly Step[])[],
): Promise<void> {
  const finish = async (step: Step): Promise<void> => {
    await untilDone(options, signal, step);
    finished.add(step.name);
  };
  for (const steps of groups) await together(steps.map(finish));
}

async function untilDone(options: BootstrapOptions, signal: AbortSignal, step: Step): Promise<void> {
  for (let delay = firstRetryMs; ; delay = Math.min(delay * 2, maxRetryMs)) {
    signal.throwIfAborted();
    try {
      await step.run();
      return;
    } catch (error) {
      options.logger.warn('post-start hook failed, will retry', { hook: step.name, error });
    }
    await options.clock.sleep(delay, signal);
  }
}

async function keepUp(
  options: BootstrapOptions,
  signal: AbortSignal,
  ready: Promise<void>,
  periodMs: number,
  step: Step,
): Promise<void> {
  try {
    await ready;
    while (!signal.aborted) {
      await options.clock.sleep(periodMs, signal);
      await untilDone(options, signal, step);
    }
  } catch (error) {
    // Sleeping ends with the signal's reason; that is the ordinary way out.
    if (!signal.aborted) throw error;
  }
}

async function leave(options: BootstrapOptions, service: KubernetesServiceOptions): Promise<void> {
  try {
    await leaveKubernetesService(service);
  } catch (error) {
    // The lease runs out by itself in fifteen seconds.
    options.logger.warn('could not leave the endpoints of the kubernetes service', { error });
  }
}
