import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';

/** Calls that would otherwise wait for as long as the runtime likes, and how many times the limit each may take: making a sandbox includes its image. */
const limited: Readonly<Partial<Record<keyof RuntimeServiceClient, number>>> = {
  runPodSandbox: 2,
  stopPodSandbox: 1,
  removePodSandbox: 1,
  createContainer: 1,
  startContainer: 1,
  stopContainer: 1,
  removeContainer: 1,
  updateContainerResources: 1,
  reopenContainerLog: 1,
  exec: 1,
  attach: 1,
  portForward: 1,
};

/** The same client, whose calls fail with DEADLINE_EXCEEDED when the runtime hangs: upstream's --runtime-request-timeout (milliseconds). */
export function withRequestTimeout(client: RuntimeServiceClient, timeoutMs: number): RuntimeServiceClient {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      const factor = limited[name as keyof RuntimeServiceClient];
      if (factor === undefined) return value.bind(target);
      return (request: unknown, options: object = {}) =>
        Reflect.apply(value, target, [request, { timeoutMs: timeoutMs * factor, ...options }]);
    },
  });
}
