import type { Pod, Secret } from '@kubelab/api/types';
import { formatDuration } from '@kubelab/apimachinery/duration';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import type { Clock } from '@kubelab/component/clock';
import { CriError } from '@kubelab/proto/cri-error';
import type {
  AuthConfigInput,
  Image,
  ImageServiceClient,
  PodSandboxConfigInput,
} from '@kubelab/proto/generated/runtime-v1';
import { Backoff } from '../pods/backoff.js';
import { type ContainerSpec, containerFieldPath } from '../pods/pod.js';
import { aggregateMessage } from '../runtime/aggregate.js';
import { parseImageName, withDefaultTag } from './image-name.js';
import { Keyring } from './keyring.js';
import { PullQueue } from './pull-queue.js';

/** A container cannot start for want of its image; `reason` is what its status shows. */
export class ImageError extends Error {
  override readonly name = 'ImageError';

  constructor(
    readonly reason:
      | 'ErrImagePull'
      | 'ImagePullBackOff'
      | 'ErrImageNeverPull'
      | 'InvalidImageName'
      | 'ImageInspectError',
    message: string,
    /** When trying again makes sense (milliseconds from now). */
    readonly retryAfterMs: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface ImageRequest {
  pod: Pod;
  container: ContainerSpec;
  pullSecrets: readonly Secret[];
  sandboxConfig: PodSandboxConfigInput;
  signal: AbortSignal;
}

export interface ReadyImage {
  ref: string;
  /** The user the image runs as, when it is a number. */
  uid: number | undefined;
  username: string;
}

export interface ImageManagerOptions {
  client: ImageServiceClient;
  events: EventRecorder;
  clock: Clock;
  maxParallelPulls: number;
  /** What the node itself may pull with, after the pod's own secrets. */
  nodeKeyring(): Promise<Keyring>;
  pulled(image: string, seconds: number, bytes: number): void;
}

const pullBackoff = { initialMs: 10_000, maxMs: 300_000 };

/** Sees to it that a container's image is on the node. */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #backoff: Backoff;
  readonly #queue: PullQueue;
  readonly #lastError = new Map<string, string>();

  constructor(options: ImageManagerOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ ...pullBackoff, clock: options.clock });
    this.#queue = new PullQueue(options.maxParallelPulls);
  }

  /** Throws ImageError. */
  async ensure(request: ImageRequest): Promise<ReadyImage> {
    const { container } = request;
    const name = this.#nameOf(request);
    const policy = container.imagePullPolicy ?? (/:latest$/.test(name) ? 'Always' : 'IfNotPresent');
    const present = await this.#inspect(name, request);
    if (present && policy !== 'Always') {
      this.#tell(request, 'Normal', 'Pulled', `Container image "${container.image}" already present on machine`);
      return ready(present);
    }
    if (policy === 'Never') {
      const message = `Container image "${container.image}" is not present with pull policy of Never`;
      this.#tell(request, 'Warning', 'ErrImageNeverPull', message);
      throw new ImageError('ErrImageNeverPull', message, 10_000);
    }
    return this.#pull(name, request);
  }

  forgetPod(uid: string): void {
    this.#backoff.forget(`${uid}_`);
    for (const key of this.#lastError.keys()) if (key.startsWith(`${uid}_`)) this.#lastError.delete(key);
  }

  #nameOf(request: ImageRequest): string {
    try {
      return withDefaultTag(request.container.image ?? '');
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const message = `Failed to apply default image tag "${request.container.image}": ${text}`;
      this.#tell(request, 'Warning', 'InspectFailed', message);
      throw new ImageError('InvalidImageName', message, 60_000, { cause: error });
    }
  }

  async #inspect(name: string, request: ImageRequest): Promise<Image | undefined> {
    try {
      const answer = await this.#options.client.imageStatus({ image: { image: name } }, { signal: request.signal });
      return answer.image ?? undefined;
    } catch (error) {
      request.signal.throwIfAborted();
      const message = `Failed to inspect image "${name}": ${goError(error)}`;
      this.#tell(request, 'Warning', 'InspectFailed', message);
      throw new ImageError('ImageInspectError', message, 10_000, { cause: error });
    }
  }

  async #pull(name: string, request: ImageRequest): Promise<ReadyImage> {
    const { container, pod } = request;
    const key = `${pod.metadata.uid}_${name}`;
    const wait = this.#backoff.remainingSinceTry(key);
    if (wait > 0) {
      const message = `Back-off pulling image "${container.image}"`;
      this.#tell(request, 'Normal', 'BackOff', message);
      const cause = this.#lastError.get(key);
      throw new ImageError('ImagePullBackOff', cause ? `${message}: ${cause}` : message, wait);
    }
    try {
      const image = await this.#pullNow(name, request);
      this.#backoff.forget(key);
      this.#lastError.delete(key);
      return image;
    } catch (error) {
      request.signal.throwIfAborted();
      const text = goError(error);
      this.#tell(request, 'Warning', 'Failed', `Failed to pull image "${container.image}": ${text}`);
      this.#backoff.next(key, this.#options.clock.now());
      this.#lastError.set(key, `ErrImagePull: ${text}`);
      throw new ImageError('ErrImagePull', text, this.#backoff.remainingSinceTry(key), { cause: error });
    }
  }

  async #pullNow(name: string, request: ImageRequest): Promise<ReadyImage> {
    const { client, clock, pulled } = this.#options;
    const { container, signal } = request;
    this.#tell(request, 'Normal', 'Pulling', `Pulling image "${container.image}"`);
    const askedAt = clock.now();
    const node = await this.#options.nodeKeyring();
    const credentials = [Keyring.ofSecrets(request.pullSecrets), node].flatMap((keyring) => keyring.lookup(name));
    const { value: ref, workMs } = await this.#queue.run(
      JSON.stringify([name, credentials]),
      () => this.#tryCredentials(name, credentials, request.sandboxConfig),
      { clock, signal },
    );
    const answer = await client.imageStatus({ image: { image: ref || name } }, { signal });
    const image = answer.image ?? (await client.imageStatus({ image: { image: name } }, { signal })).image;
    if (!image) throw new Error(`image "${name}" was pulled but is not there`);
    const totalMs = clock.now() - askedAt;
    this.#tell(
      request,
      'Normal',
      'Pulled',
      `Successfully pulled image "${container.image}" in ${formatDuration(workMs)} (${formatDuration(totalMs)} including waiting). Image size: ${image.size} bytes.`,
    );
    pulled(name, workMs / 1000, image.size);
    return ready(image);
  }

  /** Upstream's order: every matching credential in turn; none when there is none. */
  async #tryCredentials(
    name: string,
    credentials: AuthConfigInput[],
    sandboxConfig: PodSandboxConfigInput,
  ): Promise<string> {
    const errors: unknown[] = [];
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        // The image outlives the pod that asked for it, so a pod that goes away does not stop its pull.
        const answer = await this.#options.client.pullImage({
          image: { image: name },
          sandboxConfig,
          ...(auth ? { auth } : {}),
        });
        return answer.imageRef;
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    throw new Error(aggregateMessage(errors.map(goError)), { cause: errors[0] });
  }

  #tell(request: ImageRequest, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const fieldPath = containerFieldPath(request.pod, request.container.name);
    this.#options.events.event(request.pod, type, reason, message, { fieldPath });
  }
}

function ready(image: Image): ReadyImage {
  return { ref: image.id, uid: image.uid ? image.uid.value : undefined, username: image.username };
}

/** A runtime's error as Go prints gRPC errors, which is what people search for. */
export function goError(error: unknown): string {
  if (error instanceof CriError) {
    const code = error.code
      .toLowerCase()
      .split('_')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('');
    const text = error.code === 'DEADLINE_EXCEEDED' ? 'context deadline exceeded' : error.message;
    return `rpc error: code = ${code} desc = ${text}`;
  }
  return error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error);
}

/** The registry part, for metrics and logs. */
export function registryOf(image: string): string {
  return parseImageName(image).registry;
}
