/** The host ports of this node's pods. What is to be is derived from the running sandboxes, so a new shim repairs what an old one left. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Logger } from '@kubelab/component/logger';
import { CriError } from '@kubelab/proto/cri-error';
import type { HostPortApplier } from './apply.js';
import { conflictOf, type HostPort, type PublishedPod, planHostPorts } from './plan.js';

export interface HostPortsOptions {
  applier: Pick<HostPortApplier, 'apply'>;
  /** Sandboxes that run and have host ports, oldest first. */
  running(): Promise<PublishedPod[]>;
  /** The interface that pods are behind. */
  bridge(): Promise<string>;
  /** Resolves with a reason when a process of the node has the port. */
  probe?: (port: HostPort) => Promise<string | undefined>;
  logger: Logger;
}

export class HostPorts {
  private readonly pods = new Map<string, PublishedPod>();
  /** Changes happen one after the other: two pods cannot get the same port. */
  private queue: Promise<void> = Promise.resolve();
  private adopted = false;

  constructor(private readonly options: HostPortsOptions) {}

  /** Programs a sandbox's ports. Throws CriError when one of them is taken; nothing is changed then. */
  publish(pod: PublishedPod): Promise<void> {
    return this.enqueue(async () => {
      if (!this.adopted) await this.load();
      await this.requireFree(pod);
      this.pods.set(pod.sandboxId, pod);
      try {
        await this.sync();
      } catch (error) {
        this.pods.delete(pod.sandboxId);
        throw new CriError('INTERNAL', `failed to add hostport mapping for pod ${pod.pod}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    });
  }

  /** Takes a sandbox's ports away; one that has none is fine. */
  async release(sandboxId: string): Promise<void> {
    if (this.adopted && !this.pods.has(sandboxId)) return;
    await this.enqueue(async () => {
      if (this.pods.delete(sandboxId)) await this.sync();
    }).catch((error: unknown) =>
      this.options.logger.warn('Host ports of a sandbox could not be removed', { sandbox: sandboxId, error }),
    );
  }

  /** Makes the rules fit what runs now, whatever was there before. */
  adopt(): Promise<void> {
    return this.enqueue(async () => {
      await this.load();
      await this.sync();
    });
  }

  private async load(): Promise<void> {
    const running = await this.options.running();
    this.pods.clear();
    for (const pod of running) if (!conflictOf(pod, this.pods.values())) this.pods.set(pod.sandboxId, pod);
    this.adopted = true;
  }

  private async sync(): Promise<void> {
    const plan = planHostPorts([...this.pods.values()]);
    await this.options.applier.apply(plan, plan.chains.size > 0 ? await this.options.bridge() : '');
  }

  private async requireFree(pod: PublishedPod): Promise<void> {
    const refuse = (port: HostPort, why: string): CriError =>
      new CriError('UNKNOWN', `cannot open hostport ${port.hostPort} for pod ${pod.pod}: ${why}`);
    const conflict = conflictOf(pod, this.pods.values());
    if (conflict) throw refuse(conflict.port, `address already in use by pod ${conflict.with}`);
    for (const port of pod.ports) {
      const reason = await (this.options.probe ?? probePort)(port);
      if (reason !== undefined) throw refuse(port, reason);
    }
  }

  private enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.queue.then(task);
    this.queue = done.catch(() => undefined);
    return done;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Opens the port for a moment, as a process of the node would. */
export async function probePort({ protocol, hostPort, hostIp }: HostPort): Promise<string | undefined> {
  if (protocol === 'SCTP') return undefined;
  const host = hostIp || '0.0.0.0';
  const attempt = protocol === 'UDP' ? bindUdp(hostPort, host) : listenTcp(hostPort, host);
  try {
    await attempt;
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const address = `${protocol === 'UDP' ? 'udp4' : 'tcp4'} ${hostIp}:${hostPort}`;
    if (code === 'EADDRINUSE') return `listen ${address}: bind: address already in use`;
    if (code === 'EADDRNOTAVAIL') return `listen ${address}: bind: cannot assign requested address`;
    throw error;
  }
}

function listenTcp(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host }, () => server.close(() => resolve()));
  });
}

function bindUdp(port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, address }, () => socket.close(() => resolve()));
  });
}
