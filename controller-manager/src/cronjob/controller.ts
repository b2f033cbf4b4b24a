/** Carries CronJob plans out. */

import { cronJobs, jobs as jobType } from '@kubelab/api/resource-types';
import type { CronJob, CronJobStatus, Job } from '@kubelab/api/types';
import { type Draft, objectKey } from '@kubelab/apimachinery/meta';
import { isAlreadyExists, isNotFound } from '@kubelab/apimachinery/status-error';
import { formatTime } from '@kubelab/apimachinery/time';
import type { Informer } from '@kubelab/client/informer';
import type { Controller } from '@kubelab/controller/loop';
import { controllerKey, isControlledBy } from '@kubelab/controller/owner';
import type { ReconcileResult, Reconciler } from '@kubelab/controller/reconciler';
import { sameStatus } from '@kubelab/controller/same-status';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { WrittenVersions } from '../manager/written-versions.js';
import { isNamespaceTerminating } from '../pods/pod-control.js';
import { planCronJob } from './plan.js';
import { checkTimeZone, ScheduleError } from './schedule.js';

export const cronJobController: ControllerDefinition = {
  name: 'cronjob-controller',
  serviceAccount: 'cronjob-controller',
  enabled: () => true,
  create: (context) => {
    const reconciler = new CronJobReconciler(context);
    const loop = createLoop(context, 'cronjob', reconciler);
    reconciler.feed(loop);
    return loop;
  },
};

const jobsOfCronJob = 'cron-job';

class CronJobReconciler implements Reconciler {
  readonly #context: ManagerContext;
  readonly #cronJobs: Informer<CronJob>;
  readonly #jobs: Informer<Job>;
  readonly #written = new WrittenVersions();

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#cronJobs = context.informers.of(cronJobs);
    this.#jobs = context.informers.of(jobType);
    this.#jobs.addIndex(jobsOfCronJob, (job) => {
      const key = controllerKey(job, 'CronJob');
      return key === undefined ? [] : [key];
    });
  }

  feed(loop: Controller): void {
    const enqueue = (cronJob: CronJob): void => loop.enqueue(objectKey(cronJob));
    this.#cronJobs.addHandlers({
      onAdd: enqueue,
      onUpdate: (_old, cronJob) => enqueue(cronJob),
      onDelete: (cronJob) => this.#written.forget(objectKey(cronJob)),
    });
    const enqueueOwner = (job: Job): void => {
      const key = controllerKey(job, 'CronJob');
      if (key !== undefined) loop.enqueue(key);
    };
    this.#jobs.addHandlers({ onAdd: enqueueOwner, onUpdate: (_old, job) => enqueueOwner(job), onDelete: enqueueOwner });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const cronJob = this.#cronJobs.get(key);
    if (!cronJob || this.#written.isOutdated(cronJob)) return {};
    const { clock, recorder } = this.#context;
    if (!this.#isZoneKnown(cronJob)) return {};
    const jobs = this.#jobs.byIndex(jobsOfCronJob, key).filter((job) => isControlledBy(job, cronJob));
    const plan = planCronJob({ cronJob, jobs: await this.#withUnseen(cronJob, jobs), nowMs: clock.now() });
    for (const { type, reason, message } of plan.events) recorder.event(cronJob, type, reason, message);
    for (const job of plan.delete) await this.#delete(cronJob, job);
    const current = await this.#writeStatus(cronJob, plan.status);
    if (plan.create) await this.#start(current, plan.create.job, plan.create.scheduledAt);
    return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
  }

  #isZoneKnown(cronJob: CronJob): boolean {
    const { timeZone } = cronJob.spec;
    if (timeZone === undefined || timeZone === null) return true;
    try {
      checkTimeZone(timeZone);
      return true;
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      const message = `invalid timeZone: "${timeZone}": ${error.message}`;
      this.#context.recorder.event(cronJob, 'Warning', 'UnknownTimeZone', message);
      return false;
    }
  }

  /** Active jobs that the cache does not show may have been made a moment ago: never trust absence from a cache, ask. */
  async #withUnseen(cronJob: CronJob, jobs: readonly Job[]): Promise<Job[]> {
    const result = [...jobs];
    for (const { name = '', namespace, uid } of cronJob.status?.active ?? []) {
      if (jobs.some(({ metadata }) => metadata.uid === uid)) continue;
      try {
        const job = await this.#context.client.get(jobType, name, namespace);
        if (job.metadata.uid === uid) result.push(job);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return result;
  }

  async #start(cronJob: CronJob, draft: Draft<Job>, scheduledAt: number): Promise<void> {
    const job = await this.#create(cronJob, draft);
    if (!job) return;
    const { name, namespace = '', uid, resourceVersion } = job.metadata;
    const reference = { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion };
    await this.#writeStatus(cronJob, {
      ...cronJob.status,
      active: [...(cronJob.status?.active ?? []), reference],
      lastScheduleTime: formatTime(new Date(scheduledAt)),
    });
  }

  /** Undefined when the namespace is going, or the name is taken by a job that is not ours. */
  async #create(cronJob: CronJob, draft: Draft<Job>): Promise<Job | undefined> {
    const { client, recorder } = this.#context;
    try {
      const job = await client.create(jobType, draft);
      recorder.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (isAlreadyExists(error)) {
        // Our own earlier try, whose status could not be written.
        const existing = await client.get(jobType, draft.metadata.name ?? '', draft.metadata.namespace);
        return isControlledBy(existing, cronJob) ? existing : undefined;
      }
      const why = error instanceof Error ? error.message : String(error);
      recorder.event(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${why}`);
      throw error;
    }
  }

  async #delete(cronJob: CronJob, job: Job): Promise<void> {
    const { client, recorder } = this.#context;
    const { name, namespace, uid } = job.metadata;
    try {
      await client.delete(jobType, name, namespace, { propagationPolicy: 'Background', preconditions: { uid } });
      recorder.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      const why = error instanceof Error ? error.message : String(error);
      recorder.event(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${why}`);
      throw error;
    }
  }

  async #writeStatus(cronJob: CronJob, status: CronJobStatus): Promise<CronJob> {
    if (sameStatus(status, cronJob.status)) return cronJob;
    const written = await this.#context.client.updateStatus(cronJobs, { ...cronJob, status });
    this.#written.note(cronJob, written);
    return written;
  }
}
