/** What every controller is given. */

import type { KubeClient } from '@kubelab/client/client';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { Controller, type ControllerMetrics } from '@kubelab/controller/loop';
import type { Reconciler } from '@kubelab/controller/reconciler';
import type { ManagerConfig } from '../config.js';
import type { SharedInformers } from './shared-informers.js';

export interface ManagerContext {
  config: ManagerConfig;
  /** Acts as this controller's own service account. */
  client: KubeClient;
  /** One copy of each collection for all controllers; they only read. */
  informers: SharedInformers;
  recorder: EventRecorder;
  clock: Clock;
  logger: Logger;
  metrics: ControllerMetrics;
}

/** A controller ready to run: its informers are asked for, its queue is fed. */
export interface Runnable {
  run(signal: AbortSignal): Promise<void>;
}

export interface ControllerDefinition {
  /** Upstream's name, as in --controllers: `deployment-controller`. */
  name: string;
  /** Service account in kube-system whose rights the controller has; undefined: the manager's own identity. */
  serviceAccount: string | undefined;
  /** False: only when named in --controllers or by its own flag. */
  enabled(config: ManagerConfig): boolean;
  create(context: ManagerContext): Runnable;
}

/** The reconcile loop with the manager's settings. */
export function createLoop(context: ManagerContext, name: string, reconciler: Reconciler): Controller {
  const { clock, logger, metrics, config } = context;
  return new Controller({ name, reconciler, clock, logger, metrics, workers: config['concurrent-syncs'] });
}
