/** Keeps the status of PodDisruptionBudgets, by which evictions are granted. */

import { podDisruptionBudgets, pods as podType } from '@kubelab/api/resource-types';
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '@kubelab/api/types';
import { deepEqual } from '@kubelab/apimachinery/json';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound, StatusError } from '@kubelab/apimachinery/status-error';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { type BudgetPlan, failedStatus, needsScale, planBudget } from './plan.js';
import { ControllerScales } from './scales.js';
import { createStaleDisruptionLoop } from './stale-disruption.js';

export const disruptionController: ControllerDefinition = {
  name: 'disruption-controller',
  serviceAccount: 'disruption-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new BudgetReconciler(context);
    const loop = createLoop(context, 'disruption', reconciler);
    reconciler.feed(loop);
    const stale = createStaleDisruptionLoop(context);
    return { run: async (signal) => void (await Promise.all([loop.run(signal), stale.run(signal)])) };
  },
};

class BudgetReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #scales: ControllerScales;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#budgets = context.informers.of(podDisruptionBudgets);
    this.#pods = context.informers.of(podType);
    this.#scales = new ControllerScales(context);
  }

  feed(loop: Controller): void {
    const enqueue = (budget: PodDisruptionBudget): void => loop.enqueue(objectKey(budget));
    this.#budgets.addHandlers({ onAdd: enqueue, onUpdate: (_old, budget) => enqueue(budget) });
    const enqueueSelecting = (pod: Pod): void => {
      for (const budget of this.#budgets.list(pod.metadata.namespace)) if (selects(budget, pod)) enqueue(budget);
    };
    this.#pods.addHandlers({
      onAdd: enqueueSelecting,
      onUpdate: (old, pod) => {
        enqueueSelecting(pod);
        if (!deepEqual(old.metadata.labels ?? {}, pod.metadata.labels ?? {})) enqueueSelecting(old);
      },
      onDelete: enqueueSelecting,
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const budget = this.#budgets.get(key);
    if (!budget) return {};
    const { clock, recorder } = this.#context;
    try {
      const plan = await this.#plan(budget);
      for (const pod of plan.undeleted) {
        const message = `Pod was expected by PDB ${key} to be deleted but it wasn't`;
        recorder.event(pod, 'Warning', 'NotDeleted', message);
      }
      await this.#writeStatus(budget, plan.status);
      return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) throw error;
      if (!(error instanceof StatusError)) {
        const message = error instanceof Error ? error.message : String(error);
        recorder.event(
          budget,
          'Warning',
          'CalculateExpectedPodCountFailed',
          `Failed to calculate the number of expected pods: ${message}`,
        );
        await this.#writeStatus(budget, failedStatus(budget, message, clock.now()));
      }
      throw error;
    }
  }

  async #plan(budget: PodDisruptionBudget): Promise<BudgetPlan> {
    const { clock, recorder } = this.#context;
    const pods = this.#pods.list(budget.metadata.namespace).filter((pod) => selects(budget, pod));
    if (pods.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const { scales, unmanaged } = needsScale(budget) ? await this.#scales.of(pods) : { scales: [], unmanaged: [] };
    if (unmanaged.length > 0) {
      const selector = selectorFromLabelSelector(budget.spec?.selector).toString();
      const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      recorder.event(budget, 'Warning', 'UnmanagedPods', message);
    }
    return planBudget({ budget, pods, scales, nowMs: clock.now() });
  }

  async #writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
    if (sameStatus(status, budget.status)) return;
    await this.#context.client.updateStatus(podDisruptionBudgets, { ...budget, status });
  }
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  return selectorFromLabelSelector(spec?.selector).matches(pod.metadata.labels);
}
