/** The pod network of this node: the engine's default bridge, made to carry the node's pod CIDR. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import { CriError } from '@kubelab/proto/cri-error';
import type Docker from 'dockerode';
import type { EngineFactsSource } from '../engine/facts.js';
import { bipOf, bridgeAddress, withBip } from './pod-cidr.js';

export interface PodNetworkOptions {
  docker: Docker;
  facts: EngineFactsSource;
  clock: Clock;
  logger: Logger;
  /** The engine's configuration; empty: the engine's network is taken as it is. */
  configFile: string;
  restartCommand: string;
}

export interface NetworkState {
  ready: boolean;
  reason: string;
  message: string;
}

const restartDeadlineMs = 60_000;
const pollMs = 100;
const networkReady: NetworkState = { ready: true, reason: '', message: '' };

export class PodNetwork {
  private state: NetworkState = notReady('no pod CIDR has been assigned to this node yet');
  /** Changes happen one after the other; a later one sees what an earlier one did. */
  private queue: Promise<void> = Promise.resolve();

  constructor(private readonly options: PodNetworkOptions) {}

  current(): NetworkState {
    return this.state;
  }

  /** Throws while a pod would get no address, or one of another node. */
  require(): void {
    if (!this.state.ready) throw new CriError('UNAVAILABLE', `network is not ready: ${this.state.message}`);
  }

  /** After a start of the shim: the CIDR that the engine was configured for earlier is still right. */
  adopt(): Promise<void> {
    return this.enqueue(async () => {
      const { configFile } = this.options;
      if (configFile === '') {
        this.state = networkReady;
        return;
      }
      const bip = bipOf(await this.readConfig());
      if (bip !== undefined && (await this.engineBip()) === bip) this.state = networkReady;
    });
  }

  /** Makes the engine's bridge carry `podCidr`; restarts the engine, and with it all pods, only where it does not yet. */
  update(podCidr: string): Promise<void> {
    return this.enqueue(async () => {
      if (podCidr === '' || this.options.configFile === '') return;
      const bip = bridgeAddress(podCidr);
      if ((await this.engineBip()) !== bip) {
        this.state = notReady(`the engine is being restarted for pod CIDR ${podCidr}`);
        await this.configureEngine(bip);
      }
      this.state = networkReady;
    });
  }

  /** The interface of the engine's default bridge. */
  async bridgeInterface(): Promise<string> {
    const network = (await this.options.docker.getNetwork('bridge').inspect()) as Docker.NetworkInspectInfo;
    return network.Options?.['com.docker.network.bridge.name'] ?? 'docker0';
  }

  private enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.queue.then(task);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async configureEngine(bip: string): Promise<void> {
    const { configFile, restartCommand, logger, facts } = this.options;
    logger.info('Restarting the engine for another pod CIDR', { bip, restartCommand });
    await this.writeConfig(bip);
    const [program = '', ...args] = restartCommand.split(/\s+/).filter((word) => word !== '');
    try {
      await promisify(execFile)(program, args);
    } catch (error) {
      this.state = notReady(`the engine could not be restarted: ${String(error)}`);
      throw new CriError('INTERNAL', `"${restartCommand}" failed: ${String(error)}`, { cause: error });
    }
    facts.forget();
    await this.waitForBridge(bip);
    logger.info('The engine carries the pod CIDR', { bip, configFile });
  }

  private async writeConfig(bip: string): Promise<void> {
    const { configFile } = this.options;
    await mkdir(dirname(configFile), { recursive: true });
    const temporary = `${configFile}.new`;
    try {
      await writeFile(temporary, withBip(await this.readConfig(), bip));
    } catch (error) {
      throw new CriError('INTERNAL', `${configFile} cannot be changed: ${String(error)}`, { cause: error });
    }
    await rename(temporary, configFile);
  }

  private async readConfig(): Promise<string> {
    try {
      return await readFile(this.options.configFile, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  private async waitForBridge(bip: string): Promise<void> {
    const { clock } = this.options;
    const deadline = clock.now() + restartDeadlineMs;
    let seen: string | undefined;
    while (clock.now() < deadline) {
      seen = await this.engineBip().catch(() => undefined);
      if (seen === bip) return;
      await clock.sleep(pollMs);
    }
    const message = `the engine's bridge has ${seen ?? 'no address'} instead of ${bip} ${restartDeadlineMs / 1000} s after its restart`;
    this.state = notReady(message);
    throw new CriError('DEADLINE_EXCEEDED', message);
  }

  /** What the engine's default bridge carries, in the form of `bip`. */
  private async engineBip(): Promise<string | undefined> {
    const network = (await this.options.docker.getNetwork('bridge').inspect()) as Docker.NetworkInspectInfo;
    const pool = network.IPAM?.Config?.find(({ Subnet }) => Subnet?.includes('.'));
    const prefix = pool?.Subnet?.split('/')[1];
    return pool?.Gateway && prefix ? `${pool.Gateway}/${prefix}` : undefined;
  }
}

function notReady(message: string): NetworkState {
  return { ready: false, reason: 'NetworkPluginNotReady', message: `docker: network plugin is not ready: ${message}` };
}
