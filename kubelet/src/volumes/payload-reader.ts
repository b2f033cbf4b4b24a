import type { ConfigMap, Pod, Secret, Volume, VolumeProjection } from '@kubelab/api/types';
import type { DownwardContext } from '../containers/downward.js';
import { effectiveSecurityContext } from '../containers/security-context.js';
import type { ObjectCache } from '../objects/object-cache.js';
import type { TokenCache } from '../objects/token-cache.js';
import { allContainers, namespaceOf } from '../pods/pod.js';
import { configMapPayload, downwardPayload, mergePayload, type Payload, safePath, secretPayload } from './payload.js';

export interface PayloadReaderOptions {
  configMaps: Pick<ObjectCache<ConfigMap>, 'get'>;
  secrets: Pick<ObjectCache<Secret>, 'get'>;
  tokens: Pick<TokenCache, 'get'>;
}

export interface ReadPayload {
  payload: Payload;
  refreshAt: number | undefined;
}

const defaultFileMode = 0o644;
const privateFileMode = 0o600;
const defaultTokenSeconds = 3600;

/** Collects what a volume is to hold from the API. */
export class PayloadReader {
  readonly #options: PayloadReaderOptions;

  constructor(options: PayloadReaderOptions) {
    this.#options = options;
  }

  async read(pod: Pod, volume: Volume, context: DownwardContext, signal: AbortSignal): Promise<ReadPayload> {
    const result: ReadPayload = { payload: new Map(), refreshAt: undefined };
    if (volume.configMap) {
      const { name = '', items, optional, defaultMode = defaultFileMode } = volume.configMap;
      result.payload = configMapPayload(await this.#configMap(pod, name, signal), {
        name,
        items,
        optional,
        defaultMode,
      });
    } else if (volume.secret) {
      const { secretName: name = '', items, optional, defaultMode = defaultFileMode } = volume.secret;
      result.payload = secretPayload(await this.#secret(pod, name, signal), { name, items, optional, defaultMode });
    } else if (volume.downwardAPI) {
      const { items = [], defaultMode = defaultFileMode } = volume.downwardAPI;
      result.payload = downwardPayload(pod, items, defaultMode, context);
    } else if (volume.projected) {
      const { sources, defaultMode = defaultFileMode } = volume.projected;
      const parts = await Promise.all(
        (sources ?? []).map((source) => this.#projection(pod, source, defaultMode, context, signal, result)),
      );
      for (const part of parts) mergePayload(result.payload, part);
    }
    return result;
  }

  async #projection(
    pod: Pod,
    source: VolumeProjection,
    defaultMode: number,
    context: DownwardContext,
    signal: AbortSignal,
    result: ReadPayload,
  ): Promise<Payload> {
    if (source.configMap) {
      const { name = '', items, optional } = source.configMap;
      return configMapPayload(await this.#configMap(pod, name, signal), { name, items, optional, defaultMode });
    }
    if (source.secret) {
      const { name = '', items, optional } = source.secret;
      return secretPayload(await this.#secret(pod, name, signal), { name, items, optional, defaultMode });
    }
    if (source.downwardAPI) return downwardPayload(pod, source.downwardAPI.items ?? [], defaultMode, context);
    if (source.serviceAccountToken) {
      const { audience, expirationSeconds = defaultTokenSeconds, path } = source.serviceAccountToken;
      const token = await this.#options.tokens.get(pod, { audience, expirationSeconds });
      result.refreshAt = Math.min(token.refreshAt, result.refreshAt ?? token.refreshAt);
      const owner = commonUser(pod);
      const mode =
        owner !== undefined || pod.spec.securityContext?.fsGroup !== undefined ? privateFileMode : defaultMode;
      return new Map([
        [safePath(path), { data: Buffer.from(token.value), mode, ...(owner === undefined ? {} : { owner }) }],
      ]);
    }
    const [type] = Object.keys(source);
    throw new Error(`projected volume sources of type "${type ?? 'none'}" are not supported by this kubelet`);
  }

  #configMap(pod: Pod, name: string, signal: AbortSignal): Promise<ConfigMap | undefined> {
    return this.#options.configMaps.get(pod.metadata.uid, namespaceOf(pod), name, signal);
  }

  #secret(pod: Pod, name: string, signal: AbortSignal): Promise<Secret | undefined> {
    return this.#options.secrets.get(pod.metadata.uid, namespaceOf(pod), name, signal);
  }
}

/** The one user that all containers run as, if it is one: tokens can then belong to it. */
function commonUser(pod: Pod): number | undefined {
  const users = new Set(allContainers(pod).map((container) => effectiveSecurityContext(pod, container).runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}
