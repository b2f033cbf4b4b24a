import { job } from '@kubelab/api/batch/job';
import { configMap } from '@kubelab/api/core/config-map';
import { namespace } from '@kubelab/api/core/namespace';
import { pod } from '@kubelab/api/core/pod';
import type { ResourceDefinition } from '@kubelab/api/resource';
import type { ObjectMeta, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { planDeletion } from './deletion-plan.js';
import type { DeleteOptions } from './options.js';
import type { Resource } from './resources.js';

const now = new Date('2024-01-01T00:00:00Z');

function plan(
  definition: ResourceDefinition,
  meta: Partial<ObjectMeta> = {},
  options: Partial<DeleteOptions> = {},
  rest: Record<string, unknown> = {},
) {
  const { group, plural, kind } = definition;
  const resource = { definition, groupResource: { group, resource: plural } } as Resource;
  const object = { kind, metadata: { name: 'x', uid: 'u', resourceVersion: '7', ...meta }, ...rest };
  return planDeletion(resource, object as unknown as UnstructuredObject, { dryRun: false, ...options }, now);
}

const metaOf = (result: ReturnType<typeof plan>): ObjectMeta | undefined =>
  result.action === 'mark' ? result.object.metadata : undefined;

describe('planDeletion', () => {
  it('removes at once what nothing holds', () => {
    expect(plan(configMap)).toEqual({ action: 'delete' });
  });

  it('marks what finalizers hold, once', () => {
    const held = { finalizers: ['a.b/c'], generation: 3 };
    const marked = metaOf(plan(configMap, held));
    expect(marked).toMatchObject({
      deletionTimestamp: '2024-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      generation: 4,
    });
    expect(plan(configMap, { ...held, ...marked })).toEqual({ action: 'keep' });
  });

  it.each([
    [{ propagationPolicy: 'Foreground' } as const, ['foregroundDeletion']],
    [{ propagationPolicy: 'Orphan' } as const, ['orphan']],
    [{ orphanDependents: true }, ['orphan']],
  ])('%j puts a finalizer in place', (options, finalizers) => {
    expect(metaOf(plan(configMap, {}, options))?.finalizers).toEqual(finalizers);
  });

  it('orphans the pods of jobs unless told otherwise', () => {
    expect(metaOf(plan(job))?.finalizers).toEqual(['orphan']);
    expect(plan(job, {}, { propagationPolicy: 'Background' })).toEqual({ action: 'delete' });
  });

  it.each([
    [{ uid: 'other' }, 'the UID in the precondition (other) does not match the UID in record (u)'],
    [
      { resourceVersion: '8' },
      'the ResourceVersion in the precondition (8) does not match the ResourceVersion in record (7)',
    ],
  ])('refuses %j', (preconditions, text) => {
    expect(() => plan(configMap, {}, { preconditions })).toThrow(text);
    expect(() => plan(configMap, {}, { preconditions })).toThrow('Operation cannot be fulfilled on ConfigMap "');
  });
});

describe('planDeletion of pods', () => {
  const running = { spec: { nodeName: 'n', terminationGracePeriodSeconds: 30 } };

  it('gives a grace period, by option or by the pod', () => {
    expect(metaOf(plan(pod, {}, {}, running))).toMatchObject({
      deletionTimestamp: '2024-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    expect(metaOf(plan(pod, {}, { gracePeriodSeconds: 5 }, running))?.deletionGracePeriodSeconds).toBe(5);
    expect(metaOf(plan(pod, {}, { gracePeriodSeconds: -1 }, running))?.deletionGracePeriodSeconds).toBe(1);
  });

  it('needs none for pods that do not run', () => {
    expect(plan(pod, {}, {}, { spec: {} })).toEqual({ action: 'delete' });
    expect(plan(pod, {}, {}, { ...running, status: { phase: 'Succeeded' } })).toEqual({ action: 'delete' });
    expect(plan(pod, {}, { gracePeriodSeconds: 0 }, running)).toEqual({ action: 'delete' });
  });

  it('only shortens a running grace period', () => {
    const going = { deletionTimestamp: '2024-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
    expect(plan(pod, going, {}, running)).toEqual({ action: 'keep' });
    expect(plan(pod, going, { gracePeriodSeconds: 60 }, running)).toEqual({ action: 'keep' });
    expect(metaOf(plan(pod, going, { gracePeriodSeconds: 10 }, running))).toMatchObject({
      deletionTimestamp: '2024-01-01T00:00:10Z',
      deletionGracePeriodSeconds: 10,
    });
    expect(plan(pod, going, { gracePeriodSeconds: 0 }, running)).toEqual({ action: 'delete' });
  });

  it('lets finalizers hold a pod whose grace period is over', () => {
    const result = plan(pod, { finalizers: ['a.b/c'] }, { gracePeriodSeconds: 0 }, running);
    expect(metaOf(result)?.deletionGracePeriodSeconds).toBe(0);
  });
});

describe('planDeletion of namespaces', () => {
  it('keeps them Terminating until spec.finalizers are gone', () => {
    const result = plan(namespace, {}, {}, { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
    expect(result).toMatchObject({ action: 'mark', object: { status: { phase: 'Terminating' } } });
    const going = { deletionTimestamp: '2024-01-01T00:00:00Z' };
    expect(plan(namespace, going, {}, { spec: { finalizers: ['kubernetes'] } })).toEqual({ action: 'keep' });
    expect(plan(namespace, going, {}, { spec: { finalizers: [] } })).toEqual({ action: 'delete' });
  });
});
