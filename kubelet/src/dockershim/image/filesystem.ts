/** How much the images take of the disk they are on. */
import type { Clock } from '@kubelab/component/clock';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import { engineCall } from '../engine/errors.js';
import type { EngineFactsSource } from '../engine/facts.js';

export interface ImageFilesystemOptions {
  docker: Docker;
  facts: EngineFactsSource;
  clock: Clock;
}

interface Layer {
  diffId: string;
  bytes: number;
}

/** Counts every layer once, however many images share it. */
export class ImageFilesystem {
  /** An image never changes, so its layers are asked for only once. */
  private readonly layers = new Map<string, Layer[]>();

  constructor(private readonly options: ImageFilesystemOptions) {}

  async usage(): Promise<cri.FilesystemUsageInput> {
    const { docker, facts, clock } = this.options;
    const { rootDir } = await facts.get();
    const images = await engineCall('list images', () => docker.listImages());
    const sizes = new Map<string, number>();
    for (const { Id } of images) {
      for (const { diffId, bytes } of await this.layersOf(Id)) sizes.set(diffId, bytes);
    }
    this.forgetAllBut(new Set(images.map(({ Id }) => Id)));
    return {
      timestamp: clock.now() * 1e6,
      fsId: { mountpoint: rootDir },
      usedBytes: { value: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) },
    };
  }

  private async layersOf(imageId: string): Promise<Layer[]> {
    const known = this.layers.get(imageId);
    if (known) return known;
    const image = this.options.docker.getImage(imageId);
    const [info, history] = await engineCall(`inspect image "${imageId}"`, () =>
      Promise.all([image.inspect(), image.history()]),
    );
    const layers = pairLayers(
      info.RootFS?.Layers ?? [],
      (history as { Size: number }[]).map(({ Size }) => Size),
      info.Size,
    );
    this.layers.set(imageId, layers);
    return layers;
  }

  private forgetAllBut(ids: ReadonlySet<string>): void {
    for (const id of this.layers.keys()) if (!ids.has(id)) this.layers.delete(id);
  }
}

/**
 * The history lists the newest step first and has steps that made no layer. Those have size 0, as have empty layers, so where the rest does not match
 * the layers one to one the whole size goes to the topmost layer.
 */
export function pairLayers(diffIds: readonly string[], historySizes: readonly number[], total: number): Layer[] {
  const sizes = historySizes.filter((size) => size > 0).reverse();
  if (sizes.length === diffIds.length) return diffIds.map((diffId, index) => ({ diffId, bytes: sizes[index] ?? 0 }));
  const top = diffIds.at(-1);
  return top === undefined ? [] : [{ diffId: top, bytes: total }];
}
