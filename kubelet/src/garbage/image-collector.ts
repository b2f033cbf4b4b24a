/** Removes images that no container uses when the node's disk fills up. */
import type { EventRecorder, EventTarget } from '@kubelab/client/event-recorder';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { ImageServiceClient, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { parseImageName, withDefaultTag } from '../images/image-name.js';
import { bytesToFree, type DiskState, type ImageGcPolicy, type ImageRecord, removable, tooOld } from './image-plan.js';

export interface ImageCollectorOptions {
  images: Pick<ImageServiceClient, 'listImages' | 'removeImage'>;
  runtime: Pick<RuntimeServiceClient, 'listContainers'>;
  policy: ImageGcPolicy;
  /** An image that is never removed; empty: none but those that the runtime has pinned. */
  sandboxImage: string;
  /** The disk that holds the images, as far as it is this node's. */
  disk(): Promise<DiskState>;
  events: EventRecorder;
  /** This node. */
  target: EventTarget;
  /** An image was removed: `space` or `age`. */
  removed(reason: string): void;
  clock: Clock;
  logger: Logger;
}

const callTimeoutMs = 120_000;

export class ImageCollector {
  readonly #options: ImageCollectorOptions;
  readonly #records = new Map<string, ImageRecord>();
  readonly #began: number;
  #observed = false;

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
    this.#began = options.clock.now();
  }

  /** One round; throws when the disk is too full and there is not enough to remove. */
  async collect(): Promise<void> {
    const { policy, disk, events, target, clock } = this.#options;
    const inUse = await this.observe();
    // What was used before this kubelet came up is not known to it.
    if (clock.now() - this.#began > policy.maxAgeMs) {
      for (const image of tooOld(this.#removable(inUse), policy, clock.now())) await this.#remove(image, 'age');
    }
    const state = await disk();
    if (state.capacity === 0) {
      const message = 'invalid capacity 0 on image filesystem';
      events.event(target, 'Warning', 'InvalidDiskCapacity', message);
      throw new Error(message);
    }
    const wanted = bytesToFree(state, policy);
    if (wanted === undefined) return;
    const freed = await this.#free(inUse, wanted);
    if (freed >= wanted) return;
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
    events.event(target, 'Warning', 'FreeDiskSpaceFailed', message);
    throw new Error(message);
  }

  /** Removes everything that nobody uses; for a node that runs out of disk. Answers the bytes freed. */
  async removeUnused(): Promise<number> {
    return this.#free(await this.observe(), Number.POSITIVE_INFINITY);
  }

  /** Notes which images there are and which are in use now; answers the latter. */
  async observe(): Promise<Set<string>> {
    const { images, runtime, clock, sandboxImage } = this.#options;
    const now = clock.now();
    const spare = namesOf(sandboxImage);
    const [listed, running] = await Promise.all([
      images.listImages({}, { timeoutMs: callTimeoutMs }),
      runtime.listContainers({}, { timeoutMs: callTimeoutMs }),
    ]);
    const names = new Set(
      running.containers.flatMap(({ imageId, imageRef, image }) => [imageId, imageRef, image?.image ?? '']),
    );
    const inUse = new Set<string>();
    for (const { id, repoTags, repoDigests, size, pinned } of listed.images) {
      const used = [id, ...repoTags, ...repoDigests].some((name) => names.has(name));
      if (used) inUse.add(id);
      const known = this.#records.get(id);
      const lastUsed = used ? now : (known?.lastUsed ?? 0);
      // Images that were there before this kubelet have no age yet but are not new either.
      const firstDetected = known?.firstDetected ?? (this.#observed ? now : 0);
      const keep = pinned || repoTags.some((tag) => spare.includes(tag));
      this.#records.set(id, { id, size, pinned: keep, lastUsed, firstDetected });
    }
    this.#observed = true;
    const present = new Set(listed.images.map(({ id }) => id));
    for (const id of this.#records.keys()) if (!present.has(id)) this.#records.delete(id);
    return inUse;
  }

  #removable(inUse: ReadonlySet<string>): ImageRecord[] {
    const { policy, clock } = this.#options;
    return removable(this.#records.values(), inUse, { now: clock.now(), minAgeMs: policy.minAgeMs });
  }

  async #free(inUse: ReadonlySet<string>, wanted: number): Promise<number> {
    let freed = 0;
    for (const image of this.#removable(inUse)) {
      if (freed >= wanted) break;
      try {
        await this.#remove(image, 'space');
        freed += image.size;
      } catch (error) {
        this.#options.logger.warn('Image could not be removed', { image: image.id, error });
      }
    }
    return freed;
  }

  async #remove(image: ImageRecord, reason: string): Promise<void> {
    this.#options.logger.info('Removing image to free bytes', { image: image.id, size: image.size, reason });
    await this.#options.images.removeImage({ image: { image: image.id } }, { timeoutMs: callTimeoutMs });
    this.#records.delete(image.id);
    this.#options.removed(reason);
  }
}

/** As runtimes may call it: `kubelab/pause:1` is also `docker.io/kubelab/pause:1`. */
function namesOf(image: string): string[] {
  if (image === '') return [];
  const { registry, repository, tag = 'latest' } = parseImageName(image);
  return [`${registry}/${repository}:${tag}`, withDefaultTag(image)];
}
