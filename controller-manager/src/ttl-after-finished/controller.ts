/** Deletes finished Jobs, and with them their pods, when their time is over. */

import { jobs as jobType } from '@kubelab/api/resource-types';
import type { Job } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { untilExpired } from './plan.js';

export const ttlAfterFinishedController: ControllerDefinition = {
  name: 'ttl-after-finished-controller',
  serviceAccount: 'ttl-after-finished-controller',
  enabled: () => true,
  create: (context) => {
    const { client, clock, informers } = context;
    const jobs = informers.of(jobType);
    const expire = async (job: Job): Promise<void> => {
      const { name, namespace, uid } = job.metadata;
      try {
        // The time may have been raised a moment ago.
        const live = await client.get(jobType, name, namespace);
        if (live.metadata.uid !== uid || untilExpired(live, clock.now()) !== 0) return;
        await client.delete(jobType, name, namespace, { propagationPolicy: 'Foreground', preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    };
    const loop = createLoop(context, 'ttl_jobs_to_delete', {
      reconcile: async (key) => {
        const job = jobs.get(key);
        const left = job && untilExpired(job, clock.now());
        if (!job || left === undefined) return {};
        if (left > 0) return { requeueAfterMs: left };
        await expire(job);
        return {};
      },
    });
    const enqueue = (job: Job): void => {
      if (untilExpired(job, clock.now()) !== undefined) loop.enqueue(objectKey(job));
    };
    jobs.addHandlers({ onAdd: enqueue, onUpdate: (_old, job) => enqueue(job) });
    return loop;
  },
};
