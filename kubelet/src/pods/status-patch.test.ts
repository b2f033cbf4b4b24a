import type { PodStatus } from '@kubelab/api/types';
import { statusPatch } from './status-patch.js';

const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
const base: PodStatus = { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }], conditions: [ready] };

describe('statusPatch', () => {
  test('is nothing when nothing differs, however empty values are written', () => {
    const same = { ...base, message: '', conditions: [{ ...ready, lastProbeTime: null, reason: '' } as never] };
    expect(statusPatch('u', same, base)).toBeUndefined();
  });

  test('is nothing where the server has left out what is empty, but for a state', () => {
    const container = { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, lastState: {} };
    const status = (more: object): PodStatus => ({ ...base, containerStatuses: [{ ...container, ...more }] });
    const [served, own] = [status({ resources: {} }), status({ resources: { requests: {} }, state: {} })];
    expect(statusPatch('u', served, own)).toBeUndefined();
    expect(statusPatch('u', served, status({ state: { waiting: {} } }))).toBeDefined();
  });

  test('names only what differs', () => {
    expect(statusPatch('u', base, { ...base, phase: 'Failed', reason: 'Evicted' })).toEqual({
      metadata: { uid: 'u' },
      status: { phase: 'Failed', reason: 'Evicted' },
    });
  });

  test('takes away what is gone', () => {
    expect(statusPatch('u', { ...base, reason: 'x' }, base)?.['status']).toEqual({ reason: null });
  });

  test('replaces addresses rather than merging them', () => {
    const after = { ...base, podIPs: [{ ip: '10.0.0.2' }] };
    expect(statusPatch('u', base, after)?.['status']).toEqual({ podIPs: [{ $patch: 'replace' }, { ip: '10.0.0.2' }] });
  });

  test('leaves conditions of others alone', () => {
    const before = { ...base, conditions: [ready, { type: 'example.com/gate', status: 'True' }] };
    expect(statusPatch('u', before, { ...base, conditions: [] })?.['status']).toEqual({
      conditions: [{ type: 'Ready', $patch: 'delete' }],
    });
    const after = { ...base, conditions: [{ ...ready, status: 'False', reason: 'ContainersNotReady' }] };
    expect(statusPatch('u', before, after)?.['status']).toEqual({
      conditions: [{ ...ready, status: 'False', reason: 'ContainersNotReady', message: null }],
    });
  });
});
