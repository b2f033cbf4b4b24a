import { complete } from '@kubelab/proto/complete';
import { CriError } from '@kubelab/proto/cri-error';
import type { ContainerStats, PodSandboxStats } from '@kubelab/proto/generated/runtime-v1';
import { PodUsageReader, type StatsRuntime } from './pod-usage.js';

const labelsOf = (uid: string): Record<string, string> => ({
  'io.kubernetes.pod.uid': uid,
  'io.kubernetes.pod.name': uid,
  'io.kubernetes.pod.namespace': 'default',
});

function podStats(uid: string): PodSandboxStats {
  return complete('PodSandboxStats', { attributes: { id: uid, labels: labelsOf(uid) }, linux: { containers: [{}] } });
}

function containerStats(uid: string): ContainerStats {
  return complete('ContainerStats', { attributes: { id: `${uid}-app`, labels: labelsOf(uid) } });
}

function make(runtime: object): PodUsageReader {
  return new PodUsageReader(runtime as unknown as StatsRuntime);
}

const uidsOf = async (reader: PodUsageReader): Promise<string[]> => (await reader.read()).map(({ uid }) => uid);

test('pods as the runtime lists them', async () => {
  const reader = make({ listPodSandboxStats: async () => ({ stats: [podStats('a'), podStats('b')] }) });
  expect(await uidsOf(reader)).toEqual(['a', 'b']);
});

test('a pod that the runtime cannot tell of costs only its own numbers, and the list is not tried again', async () => {
  let lists = 0;
  const reader = make({
    listPodSandboxStats: async () => {
      lists += 1;
      throw new CriError('UNKNOWN', 'sandbox container "c" is not in ready state');
    },
    listPodSandbox: async () => ({ items: ['a', 'b', 'c'].map((id) => ({ id })) }),
    podSandboxStats: async ({ podSandboxId: id }: { podSandboxId: string }) => {
      if (id === 'a') return { stats: podStats(id) };
      throw new CriError('UNKNOWN', 'cgroupPath is empty');
    },
    listContainerStats: async () => ({ stats: [containerStats('a'), containerStats('b')] }),
  });
  expect(await uidsOf(reader)).toEqual(['a', 'b']);
  expect((await reader.read()).map(({ whole }) => whole !== undefined)).toEqual([true, false]);
  expect(lists).toBe(1);
});

test('a runtime that is away is an error, and is asked for the list again later', async () => {
  let away = true;
  const fail = async (): Promise<never> => {
    throw new CriError('UNAVAILABLE', 'connection refused');
  };
  const reader = make({
    listPodSandboxStats: async () => (away ? fail() : { stats: [podStats('a')] }),
    listPodSandbox: fail,
  });
  await expect(reader.read()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  away = false;
  expect(await uidsOf(reader)).toEqual(['a']);
});

test('a runtime that knows containers only', async () => {
  const reader = make({
    listPodSandboxStats: async () => {
      throw new CriError('UNIMPLEMENTED', 'unknown method');
    },
    listContainerStats: async () => ({ stats: [containerStats('a'), containerStats('a'), containerStats('b')] }),
  });
  expect((await reader.read()).map(({ uid, containers }) => [uid, containers.length])).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});
