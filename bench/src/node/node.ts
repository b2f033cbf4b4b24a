/** What a node's own programs use while nothing happens, with many pods, and while those are probed; and how long a restarted kubelet is away. */

import { existsSync } from 'node:fs';
import type { Probe } from '@kubelab/api/types';
import { loadKubeconfig } from '@kubelab/client/kubeconfig';
import { createClient } from '@kubelab/client/rest-client';
import { systemClock } from '@kubelab/component/clock';
import { type NodeContainer, runningNodes } from '../lab/containers.js';
import { BenchError, run } from '../lab/run.js';
import { MeasuredPods } from '../pods/measured-pods.js';
import { type PodShape, waitingCommand } from '../pods/pod-shape.js';
import { type LabUsage, UsageReader } from '../usage/usage-reader.js';
import { reportNode } from './report.js';

export interface NodeOptions {
  kubeconfig: string;
  project: string;
  pods: number;
  /** How long each state is watched. */
  seconds: number;
  image: string;
  signal: AbortSignal;
  write: (line: string) => void;
}

/** A state of the lab, looked at twice. */
export interface Window {
  name: string;
  before: LabUsage;
  after: LabUsage;
  /** Probes per second on the node with the pods; 0 without. */
  probesPerSecond: number;
}

export interface NodeSamples {
  /** The node that gets all pods: its container's name. */
  node: string;
  windows: Window[];
  startMs: number[];
  deletionMs: number[];
  /** From the restart of the kubelet, with all pods there, until a new pod was Ready. */
  restartMs: number;
}

/** What was just started still writes its last words. */
const settleMs = 10_000;
const probePeriodSeconds = 10;
const httpPort = 8080;

const probes: Record<string, Probe> = {
  exec: { exec: { command: ['true'] } },
  http: { httpGet: { path: '/', port: httpPort } },
  tcp: { tcpSocket: { port: httpPort } },
};

export async function runNode(options: NodeOptions): Promise<void> {
  const { kubeconfig, project, signal, write } = options;
  if (!existsSync(kubeconfig)) {
    throw new BenchError(`There is no kubeconfig ${kubeconfig}. Bring a cluster up with \`./kubelab up\`.`);
  }
  const [node] = await runningNodes(project);
  if (!node) throw new BenchError(`${project} has no running node`);
  const client = createClient({ ...loadKubeconfig(kubeconfig), userAgent: 'kubelab-bench' });
  const pods = new MeasuredPods({ client, shape: { image: options.image, command: waitingCommand }, signal });
  try {
    write('A first pod on every node, so that its image is there ...');
    await pods.prepare();
    const usage = await UsageReader.of(project, signal);
    reportNode(await new NodeBench(options, { node, pods, usage }).run(), options);
  } finally {
    await pods.close();
    client.close();
  }
}

class NodeBench {
  readonly #windows: Window[] = [];

  constructor(
    private readonly options: NodeOptions,
    private readonly parts: { node: NodeContainer; pods: MeasuredPods; usage: UsageReader },
  ) {}

  async run(): Promise<NodeSamples> {
    const { pods: count } = this.options;
    const { node, pods } = this.parts;
    await this.watch('idle');
    const start = performance.now();
    await pods.atOnce(count, { node: node.node });
    const startMs = [performance.now() - start];
    await this.watch(`${count} pods`);
    const restartMs = await this.restart();
    const deletionMs = [Math.max(...(await pods.clear()))];
    for (const [kind, probe] of Object.entries(probes)) {
      await pods.atOnce(count, { node: node.node, shape: this.probed(probe) });
      await this.watch(`${count} pods, ${kind} probes`, count / probePeriodSeconds);
      deletionMs.push(Math.max(...(await pods.clear())));
    }
    return { node: node.node, windows: this.#windows, startMs, deletionMs, restartMs };
  }

  private probed(probe: Probe): PodShape {
    const [shell = '', flag = '', script = ''] = waitingCommand;
    return {
      image: this.options.image,
      command: [shell, flag, `echo ok > /tmp/index.html; httpd -p ${httpPort} -h /tmp; ${script}`],
      probe: { ...probe, periodSeconds: probePeriodSeconds },
    };
  }

  private async watch(name: string, probesPerSecond = 0): Promise<void> {
    const { seconds, signal, write } = this.options;
    write(`${name}: ${seconds} s ...`);
    await systemClock.sleep(settleMs, signal);
    const before = await this.parts.usage.read();
    await systemClock.sleep(seconds * 1000, signal);
    this.#windows.push({ name, before, after: await this.parts.usage.read(), probesPerSecond });
  }

  /** The kubelet takes in what runs before it starts anything new. */
  private async restart(): Promise<number> {
    const { node, pods } = this.parts;
    const { signal, write } = this.options;
    write('the kubelet again ...');
    const start = performance.now();
    await run('docker', ['exec', node.id, 'sv', 'restart', '/run/service/kubelet'], { signal });
    await pods.atOnce(1, { node: node.node });
    return performance.now() - start;
  }
}
