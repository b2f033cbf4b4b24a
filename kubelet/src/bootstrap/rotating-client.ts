import type { KubeClient } from '@kubelab/client/client';
import type { ClientConfig } from '@kubelab/client/config';
import { createClient } from '@kubelab/client/rest-client';

/** How long requests that began with the old certificate may still take. */
const drainMs = 60_000;

/** A client whose certificate can be exchanged while it is in use: new requests go out with the new one, watches follow when they are renewed. */
export function createRotatingClient(config: ClientConfig): { client: KubeClient; rotate(config: ClientConfig): void } {
  let current = createClient(config);
  const client = new Proxy(current, {
    get: (_first, name) => {
      const member: unknown = Reflect.get(current, name);
      return typeof member === 'function' ? member.bind(current) : member;
    },
  });
  return {
    client,
    rotate: (next) => {
      const old = current;
      current = createClient(next);
      setTimeout(() => old.close(), drainMs).unref();
    },
  };
}
