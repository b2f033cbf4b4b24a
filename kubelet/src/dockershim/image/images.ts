/** The ImageService on the engine's images. */
import type { Clock } from '@kubelab/component/clock';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import type Docker from 'dockerode';
import type { ImageIdentity } from '../container/report.js';
import { engineCall, engineStatus } from '../engine/errors.js';
import { engineAuth } from './auth.js';
import { pullImage } from './pull.js';

export interface ImagesOptions {
  docker: Docker;
  clock: Clock;
  progressDeadlineMs: number;
  /** Every pod needs it: the kubelet must not remove it to make room. */
  pinned: string;
}

const untagged = '<none>:<none>';
const undigested = '<none>@<none>';

export class Images {
  /** By image ID; names move between images, so it is emptied whenever the engine reports a change of images. */
  private readonly identities = new Map<string, ImageIdentity>();

  constructor(private readonly options: ImagesOptions) {}

  async list(filter: cri.ImageFilter | null): Promise<cri.ImageInput[]> {
    const wanted = filter?.image?.image;
    if (wanted) {
      const image = await this.status(wanted);
      return image ? [image] : [];
    }
    const listed = await engineCall('list images', () => this.options.docker.listImages());
    return listed.map((info) => ({
      id: info.Id,
      repoTags: named(info.RepoTags, untagged),
      repoDigests: named(info.RepoDigests, undigested),
      size: info.Size,
      spec: { image: info.Id },
      pinned: this.isPinned(info.RepoTags),
    }));
  }

  /** Null for an image the engine does not have. */
  async status(reference: string): Promise<cri.ImageInput | null> {
    const info = await this.find(reference);
    if (!info) return null;
    return {
      id: info.Id,
      repoTags: named(info.RepoTags, untagged),
      repoDigests: named(info.RepoDigests, undigested),
      size: info.Size,
      spec: { image: info.Id },
      pinned: this.isPinned(info.RepoTags),
      ...imageUser(info.Config?.User ?? ''),
    };
  }

  private isPinned(tags: readonly string[] | null | undefined): boolean {
    const { pinned } = this.options;
    return (tags ?? []).some((tag) => tag === pinned || tag === `${pinned}:latest`);
  }

  /** Answers the ID of the pulled image. */
  async pull(reference: string, auth: cri.AuthConfig | null, signal: AbortSignal): Promise<string> {
    await pullImage(reference, engineAuth(auth), signal, this.options);
    this.forgetIdentities();
    const info = await engineCall(`inspect image "${reference}"`, () =>
      this.options.docker.getImage(reference).inspect(),
    );
    return info.Id;
  }

  /** Pulls an image that is missing. */
  async ensure(reference: string): Promise<void> {
    if (!(await this.find(reference))) await this.pull(reference, null, new AbortController().signal);
  }

  /** Takes all names off the image and with the last one the image. One that is gone already is fine; one in use is not. */
  async remove(reference: string): Promise<void> {
    const info = await this.find(reference);
    if (!info) return;
    const tags = named(info.RepoTags, untagged);
    for (const name of tags.length > 1 ? tags : [reference]) {
      await engineCall(`remove image "${reference}"`, async () => {
        await this.options.docker.getImage(name).remove();
      });
    }
    this.forgetIdentities();
  }

  /** What an image is called, from memory where possible; for an image that is gone its ID. */
  async identify(imageId: string): Promise<ImageIdentity> {
    const known = this.identities.get(imageId);
    if (known) return known;
    const info = await this.find(imageId);
    const identity = {
      ref: named(info?.RepoDigests, undigested)[0] ?? imageId,
      tags: named(info?.RepoTags, untagged),
    };
    this.identities.set(imageId, identity);
    return identity;
  }

  forgetIdentities(): void {
    this.identities.clear();
  }

  private async find(reference: string): Promise<Docker.ImageInspectInfo | undefined> {
    try {
      return await engineCall(`inspect image "${reference}"`, () => this.options.docker.getImage(reference).inspect());
    } catch (error) {
      if (engineStatus((error as Error).cause) === 404) return undefined;
      throw error;
    }
  }
}

function named(names: readonly string[] | null | undefined, none: string): string[] {
  return (names ?? []).filter((name) => name !== none);
}

/** The user of an image as the kubelet checks it for runAsNonRoot: a number or a name, without the group. */
export function imageUser(user: string): Pick<cri.ImageInput, 'uid' | 'username'> {
  const [name = ''] = user.split(':');
  if (/^\d+$/.test(name)) return { uid: { value: Number(name) } };
  return { username: name };
}
