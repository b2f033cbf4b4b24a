import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Pod, PodStatus } from '@kubelab/api/types';
import { badRequest, StatusError } from '@kubelab/apimachinery/status-error';
import type { Clock } from '@kubelab/component/clock';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import type { Registry } from 'prom-client';
import {
  currentSandbox,
  findContainer,
  isRunning,
  type PodState,
  type RuntimeContainer,
} from '../runtime/pod-state.js';
import type { StatsReader } from '../stats/stats-reader.js';
import { LogFiles } from './log-files.js';
import { readLog } from './log-reader.js';
import { containerForLogs, parseLogRequest } from './log-request.js';
import type { Route } from './routes.js';
import { passThrough } from './stream-proxy.js';
import { connectStream, type StreamTarget } from './stream-translator.js';

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
}

export interface StreamExchange {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  query: URLSearchParams;
}

export interface HandlersOptions {
  runtime: Pick<RuntimeServiceClient, 'exec' | 'attach' | 'portForward' | 'execSync' | 'containerStatus'>;
  pods(): Pod[];
  findPod(namespace: string, name: string, uid?: string): Pod | undefined;
  /** As last computed, which may be newer than the API's. */
  statusOf(pod: Pod): PodStatus;
  stateOf(uid: string): PodState | undefined;
  runtimePods(): PodState[];
  stats: StatsReader;
  registry: Registry;
  probeRegistry: Registry;
  config: Readonly<Record<string, unknown>>;
  /** Undefined when healthy. */
  unhealthy(): string | undefined;
  clock: Clock;
  /** Whether the runtime's streaming server speaks the newest WebSocket protocols itself. */
  newestWebSockets: boolean;
}

/** Answers the kubelet's paths. Throws StatusError for what cannot be answered. */
export class KubeletHandlers {
  readonly #options: HandlersOptions;

  constructor(options: HandlersOptions) {
    this.#options = options;
  }

  async handle(route: Route, exchange: Exchange): Promise<void> {
    const { response } = exchange;
    const { registry, probeRegistry, stats, config } = this.#options;
    switch (route.name) {
      case 'healthz':
        return this.#healthz(response);
      case 'pods':
        return sendJson(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#podList() });
      case 'runningpods':
        return sendJson(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#runningPods() });
      case 'configz':
        return sendJson(response, { kubeletconfig: config });
      case 'summary':
        return sendJson(response, await stats.summary());
      case 'metrics':
        return sendMetrics(response, await registry.metrics(), registry.contentType);
      case 'probeMetrics':
        return sendMetrics(response, await probeRegistry.metrics(), probeRegistry.contentType);
      case 'resourceMetrics':
        return sendMetrics(response, await stats.resourceMetrics(), registry.contentType);
      case 'cadvisorMetrics':
        return sendMetrics(response, await stats.cadvisorMetrics(), registry.contentType);
      case 'containerLogs':
        return this.#logs(route, exchange);
      case 'run':
        return this.#run(route, exchange);
      case 'exec':
      case 'attach':
      case 'portForward':
        throw badRequest('Upgrade request required');
    }
  }

  /** Exec, attach and port-forward: the runtime names a URL, and the connection is handed to it. */
  async stream(route: Route, exchange: StreamExchange): Promise<void> {
    const { newestWebSockets, clock } = this.#options;
    const target = await this.#streamUrl(route, exchange.query);
    if (newestWebSockets) await passThrough(exchange.request, exchange.socket, exchange.head, target.url);
    else await connectStream(exchange, target, clock);
  }

  /** Where the stream goes, and for a command what it carries. */
  async #streamUrl(route: Route, query: URLSearchParams): Promise<StreamTarget> {
    const { runtime } = this.#options;
    const on = (...names: string[]): boolean => names.some((name) => /^(1|t|true)$/i.test(query.get(name) ?? ''));
    const streams = {
      stdin: on('input', 'stdin'),
      stdout: on('output', 'stdout'),
      stderr: on('error', 'stderr'),
      tty: on('tty'),
    };
    switch (route.name) {
      case 'exec': {
        const container = this.#runningContainer(route);
        // A terminal has one output only.
        const selection = { ...streams, stderr: streams.stderr && !streams.tty };
        const cmd = query.getAll('command');
        return { ...(await runtime.exec({ containerId: container.id, cmd, ...selection })), selection };
      }
      case 'attach': {
        const container = this.#runningContainer(route);
        const pod = this.#pod(route);
        const specs = [
          ...pod.spec.containers,
          ...(pod.spec.initContainers ?? []),
          ...(pod.spec.ephemeralContainers ?? []),
        ];
        const tty = specs.find((item) => item.name === route.container)?.tty === true;
        const selection = { ...streams, tty, stderr: streams.stderr && !tty };
        return { ...(await runtime.attach({ containerId: container.id, ...selection })), selection };
      }
      case 'portForward': {
        const pod = this.#pod(route);
        const state = this.#options.stateOf(pod.metadata.uid);
        const sandbox = state && currentSandbox(state);
        if (!sandbox?.ready)
          throw new StatusError({
            code: 404,
            reason: 'NotFound',
            message: `pod not found ("${pod.metadata.name}_${pod.metadata.namespace}")`,
          });
        const ports = query
          .getAll('port')
          .flatMap((item) => item.split(','))
          .map(Number);
        return runtime.portForward({ podSandboxId: sandbox.id, port: ports });
      }
      default:
        throw badRequest('this path takes no upgrade');
    }
  }

  #pod(route: { namespace: string; pod: string; uid?: string }): Pod {
    const pod = this.#options.findPod(route.namespace, route.pod, route.uid);
    if (!pod) throw new StatusError({ code: 404, reason: 'NotFound', message: 'pod does not exist' });
    return pod;
  }

  #runningContainer(route: { namespace: string; pod: string; uid?: string; container: string }): RuntimeContainer {
    const pod = this.#pod(route);
    const state = this.#options.stateOf(pod.metadata.uid);
    const container = state?.containers.find((item) => item.name === route.container && isRunning(item));
    if (!container)
      throw new StatusError({ code: 500, reason: '', message: `container not found ("${route.container}")` });
    return container;
  }

  #healthz(response: ServerResponse): void {
    const problem = this.#options.unhealthy();
    response.writeHead(problem ? 500 : 200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(problem ?? 'ok');
  }

  #podList(): unknown[] {
    return this.#options.pods().map((pod) => ({ ...pod, status: this.#options.statusOf(pod) }));
  }

  #runningPods(): unknown[] {
    return this.#options
      .runtimePods()
      .filter((state) => state.containers.some(isRunning))
      .map((state) => ({
        metadata: { name: state.name, namespace: state.namespace, uid: state.uid },
        spec: {
          containers: state.containers.filter(isRunning).map(({ name, image }) => ({ name, image, resources: {} })),
        },
        status: {},
      }));
  }

  async #run(
    route: { namespace: string; pod: string; uid?: string; container: string },
    { query, response }: Exchange,
  ): Promise<void> {
    const container = this.#runningContainer(route);
    const cmd = (query.get('cmd') ?? '').split(' ').filter((word) => word !== '');
    const answer = await this.#options.runtime.execSync({ containerId: container.id, cmd, timeout: 0 });
    const output = Buffer.concat([answer.stdout, answer.stderr]);
    response.writeHead(answer.exitCode === 0 ? 200 : 500, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(
      answer.exitCode === 0
        ? output
        : Buffer.concat([output, Buffer.from(`command terminated with exit code ${answer.exitCode}\n`)]),
    );
  }

  async #logs(
    route: { namespace: string; pod: string; container: string },
    { query, response }: Exchange,
  ): Promise<void> {
    const { clock } = this.#options;
    const wanted = parseLogRequest(query, clock.now());
    const pod = this.#options.findPod(route.namespace, route.pod);
    if (!pod) throw new StatusError({ code: 404, reason: 'NotFound', message: `pod "${route.pod}" not found` });
    const id = containerForLogs(this.#options.statusOf(pod), route.pod, route.container, wanted.previous).replace(
      /^[^:]+:\/\//,
      '',
    );
    const path = await this.#logPath(pod, route.container, id);
    const closed = new AbortController();
    response.on('close', () => closed.abort());
    const isWriting = (): boolean => {
      const state = this.#options.stateOf(pod.metadata.uid);
      return state?.containers.some((item) => item.id === id && isRunning(item)) ?? false;
    };
    const follow = wanted.follow ? { signal: closed.signal, isWriting } : undefined;
    // While the answer has not begun, a missing file is still an error with a code of its own.
    const files = await openLog(path, { follow: wanted.follow });
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' });
    response.flushHeaders();
    for await (const chunk of readLog(files, { ...wanted.read, follow })) {
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(closed.signal, 'abort')]);
      if (closed.signal.aborted) break;
    }
    response.end();
  }

  async #logPath(pod: Pod, container: string, id: string): Promise<string> {
    const state = this.#options.stateOf(pod.metadata.uid);
    const known = state?.containers.find((item) => item.id === id) ?? (state && findContainer(state, container));
    if (known?.logPath) return known.logPath;
    const answer = await this.#options.runtime.containerStatus({ containerId: id });
    if (!answer.status?.logPath) throw new Error(`container ${container} has no log`);
    return answer.status.logPath;
  }
}

async function openLog(path: string, options: { follow: boolean }): Promise<LogFiles> {
  try {
    return await LogFiles.open(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const message = `failed to try resolving symlinks in path "${path}": lstat ${path}: no such file or directory`;
    throw new StatusError({ code: 500, reason: '', message });
  }
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendMetrics(response: ServerResponse, text: string, type: string): void {
  response.writeHead(200, { 'Content-Type': type });
  response.end(text);
}
