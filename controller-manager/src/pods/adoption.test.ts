import { selectorFromSet } from '@kubelab/apimachinery/labels';
import { ownedBy, pod, replicaSet } from '../testing/objects.js';
import { planAdoption } from './adoption.js';
import { SlowStartError, slowStart } from './slow-start.js';

const selector = selectorFromSet({ app: 'web' });
const owner = replicaSet('rs');
const mine = ownedBy('ReplicaSet', 'rs');

describe('planAdoption', () => {
  test('keeps its own, takes orphans, lets go of what no longer matches, leaves others alone', () => {
    const pods = [
      pod('own', { owner: mine }),
      pod('orphan'),
      pod('relabelled', { owner: mine, metadata: { labels: { app: 'debug' } } }),
      pod('foreign', { owner: ownedBy('ReplicaSet', 'other') }),
      pod('stranger', { metadata: { labels: { app: 'db' } } }),
      pod('dying-orphan', { deleting: true }),
    ];
    const plan = planAdoption(owner, selector, pods);
    const names = (list: typeof pods) => list.map(({ metadata }) => metadata.name);
    expect(names(plan.owned)).toEqual(['own']);
    expect(names(plan.adopt)).toEqual(['orphan']);
    expect(names(plan.release)).toEqual(['relabelled']);
  });

  test('an owner that is being deleted neither takes nor lets go', () => {
    const dying = replicaSet('rs', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    const relabelled = pod('relabelled', { owner: mine, metadata: { labels: {} } });
    expect(planAdoption(dying, selector, [pod('orphan'), relabelled])).toEqual({ owned: [], adopt: [], release: [] });
  });

  test('an owner of the same name with another uid is another owner', () => {
    const earlier = pod('p', { owner: { ...mine, uid: 'earlier' } });
    expect(planAdoption(owner, selector, [earlier]).owned).toEqual([]);
  });
});

describe('slowStart', () => {
  test('doubles its batches and counts', async () => {
    let running = 0;
    const batches: number[] = [];
    const done = await slowStart(10, async () => {
      running++;
      await new Promise((resolve) => setImmediate(resolve));
      if (running > 0) batches.push(running);
      running = 0;
    });
    expect(done).toBe(10);
    expect(batches).toEqual([1, 2, 4, 3]);
  });

  test('stops after the first batch with a failure and tells how many came through', async () => {
    let calls = 0;
    const failing = slowStart(100, async () => {
      if (++calls === 3) throw new Error('exceeded quota');
    });
    await expect(failing).rejects.toThrow(new SlowStartError(2, new Error('exceeded quota')));
    expect(calls).toBe(3);
  });

  test('nothing to do', async () => {
    await expect(slowStart(0, () => Promise.reject(new Error('called')))).resolves.toBe(0);
  });
});
