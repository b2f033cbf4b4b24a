import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { ImageCollector, type ImageCollectorOptions } from './image-collector.js';

interface Fixture {
  collector: ImageCollector;
  images: Map<string, { size: number; pinned?: boolean; repoTags?: string[] }>;
  disk: { capacity: number; available: number };
  containers: { imageId: string }[];
  clock: FakeClock;
  told: string[];
  removed: string[];
}

function make(more: Partial<ImageCollectorOptions['policy']> = {}): Fixture {
  const fixture = {
    images: new Map<string, { size: number; pinned?: boolean; repoTags?: string[] }>(),
    disk: { capacity: 1000, available: 900 },
    containers: [] as { imageId: string }[],
    clock: new FakeClock(1_000_000),
    told: [] as string[],
    removed: [] as string[],
  };
  const { images, clock, told, removed } = fixture;
  const list = async () => ({
    images: [...images].map(([id, { size, pinned = false, repoTags = [] }]) => ({
      id,
      size,
      pinned,
      repoTags,
      repoDigests: [],
    })),
  });
  const remove = async ({ image }: { image?: { image?: string } | null }) => {
    fixture.disk.available += images.get(image?.image ?? '')?.size ?? 0;
    removed.push(image?.image ?? '');
    images.delete(image?.image ?? '');
    return {};
  };
  const options = {
    images: { listImages: list, removeImage: remove },
    runtime: {
      listContainers: async () => ({
        containers: fixture.containers.map((item) => ({ ...item, imageRef: '', image: null })),
      }),
    },
    policy: { highThreshold: 85, lowThreshold: 80, minAgeMs: 120_000, maxAgeMs: 0, ...more },
    sandboxImage: 'kubelab/pause:1',
    disk: async () => fixture.disk,
    events: {
      event: (_target: unknown, _type: unknown, reason: string, message: string) => told.push(`${reason}: ${message}`),
      flush: async () => undefined,
    },
    target: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
    removed: () => undefined,
    clock,
    logger: silentLogger,
  } as unknown as ImageCollectorOptions;
  return { ...fixture, collector: new ImageCollector(options), disk: fixture.disk, containers: fixture.containers };
}

test('a disk with room keeps its images', async () => {
  const { collector, images, removed } = make();
  images.set('a', { size: 10 });
  await collector.collect();
  expect(removed).toEqual([]);
});

test('only as much is removed as is needed, and nothing that is used or pinned', async () => {
  const { collector, images, removed, disk, containers } = make();
  for (const id of ['a', 'b', 'c', 'pause']) images.set(id, { size: 60, pinned: id === 'pause' });
  containers.push({ imageId: 'b' });
  disk.available = 100;
  await collector.collect();
  expect(removed).toEqual(['a', 'c']);
});

test('the sandbox image is spared under either of its names', async () => {
  const { collector, images, removed, disk } = make();
  images.set('a', { size: 60, repoTags: ['docker.io/kubelab/pause:1'] });
  images.set('b', { size: 60, repoTags: ['kubelab/pause:1'] });
  images.set('c', { size: 60, repoTags: ['docker.io/kubelab/pause:2', '<none>:<none>'] });
  disk.available = 0;
  await expect(collector.collect()).rejects.toThrow(/Failed to garbage collect/);
  expect(removed).toEqual(['c']);
});

test('an image that has just been pulled is left alone, and that there is too little to remove is told', async () => {
  const { collector, images, removed, disk, told, clock } = make();
  await collector.collect();
  images.set('new', { size: 60 });
  disk.available = 0;
  const message =
    'Failed to garbage collect required amount of images. Attempted to free 200 bytes, but only found 0 bytes eligible to free.';
  await expect(collector.collect()).rejects.toThrow(message);
  expect(told).toEqual([`FreeDiskSpaceFailed: ${message}`]);
  await clock.advance(120_000);
  await expect(collector.collect()).rejects.toThrow(/only found 60 bytes/);
  expect(removed).toEqual(['new']);
});

test('a kubelet that has just come up does not know yet what has not been used for long', async () => {
  const { collector, images, removed, clock } = make({ maxAgeMs: 300_000 });
  images.set('a', { size: 10 });
  await collector.collect();
  await clock.advance(300_000);
  await collector.collect();
  expect(removed).toEqual([]);
  await clock.advance(1);
  await collector.collect();
  expect(removed).toEqual(['a']);
});

test('a disk without a size is told', async () => {
  const { collector, disk, told } = make();
  disk.capacity = 0;
  await expect(collector.collect()).rejects.toThrow('invalid capacity 0 on image filesystem');
  expect(told).toEqual(['InvalidDiskCapacity: invalid capacity 0 on image filesystem']);
});

test('for a node in need everything unused goes', async () => {
  const { collector, images, removed, containers } = make();
  for (const id of ['a', 'b', 'c']) images.set(id, { size: 60 });
  containers.push({ imageId: 'b' });
  expect(await collector.removeUnused()).toBe(120);
  expect(removed).toEqual(['a', 'c']);
});
