import { subjectAccessReviews } from '@kubelab/api/resource-types';
import type { SubjectAccessReview } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type { RequestUser } from './authentication.js';

export interface RequestAttributes {
  verb: string;
  /** Subresources of nodes, any of which is enough; the first is the most specific one. */
  subresources: string[];
}

export interface AuthorizerOptions {
  client: KubeClient;
  clock: Clock;
  nodeName: string;
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const allowedMs = 300_000;
const deniedMs = 30_000;
const rememberedAnswers = 4096;

/** What a request to the kubelet is a request for: upstream's node authorizer attributes. */
export function attributesOf(method: string, path: string): RequestAttributes {
  const verb = verbs[method] ?? '';
  const below = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (below('/stats')) return { verb, subresources: ['stats'] };
  if (below('/metrics')) return { verb, subresources: ['metrics'] };
  if (below('/logs')) return { verb, subresources: ['log'] };
  if (below('/healthz')) return { verb, subresources: ['healthz', 'proxy'] };
  if (below('/configz')) return { verb, subresources: ['configz', 'proxy'] };
  if (below('/pods') || below('/runningpods')) return { verb, subresources: ['pods', 'proxy'] };
  return { verb, subresources: ['proxy'] };
}

/** Asks the API server whether a user may do something with this node. */
export class RequestAuthorizer {
  readonly #options: AuthorizerOptions;
  readonly #answers = new Map<string, { allowed: boolean; until: number }>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  async isAllowed(user: RequestUser, { verb, subresources }: RequestAttributes): Promise<boolean> {
    for (const subresource of subresources) if (await this.#ask(user, verb, subresource)) return true;
    return false;
  }

  async #ask(user: RequestUser, verb: string, subresource: string): Promise<boolean> {
    const { client, clock, nodeName } = this.#options;
    const key = JSON.stringify([user, verb, subresource]);
    const known = this.#answers.get(key);
    if (known && clock.now() < known.until) return known.allowed;
    const review = await client.create(subjectAccessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: user.name,
        groups: user.groups,
        ...(user.uid ? { uid: user.uid } : {}),
        ...(user.extra ? { extra: user.extra } : {}),
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
      },
    } as SubjectAccessReview);
    const allowed = review.status?.allowed === true;
    if (this.#answers.size >= rememberedAnswers) this.#answers.clear();
    this.#answers.set(key, { allowed, until: clock.now() + (allowed ? allowedMs : deniedMs) });
    return allowed;
  }
}

/** Upstream's sentence for a refusal. */
export function refusal(user: RequestUser, { verb, subresources }: RequestAttributes): string {
  return `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])`;
}
