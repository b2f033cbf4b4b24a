import { deployments } from '@kubelab/api/resource-types';
import { messageOf } from '../../errors.js';
import { isNode, listContainers, tailOf } from '../../lab/containers.js';
import { openClient } from '../../lab/open-client.js';
import { deleteNodeObject } from '../../nodes/machines.js';
import { waitForNodes } from '../../nodes/wait-nodes.js';
import { tryRun } from '../../process/run.js';
import type { Step } from '../../progress/steps.js';
import { type Probe, waitUntil } from '../../wait/wait-until.js';
import { found, type UpContext } from '../context.js';

export const apiServer: Step<UpContext> = {
  title: 'API server',
  async run(context, report) {
    context.found.client = openClient(context.lab);
    await waitUntil({
      what: 'the API server to be ready',
      timeoutMs: context.timeoutMs,
      intervalMs: 150,
      clock: context.clock,
      report,
      probe: () => probeReadyz(context),
      onTimeout: () => lastWords(context, 'apiserver'),
      hint: 'See `./kubelab logs apiserver` and `./kubelab logs etcd`.',
    });
    return `https://127.0.0.1:${context.settings.apiPort}`;
  },
};

async function probeReadyz(context: UpContext): Promise<Probe> {
  try {
    const { code, body } = await found(context, 'client').raw('GET', '/readyz');
    if (code === 200) return { done: true };
    const failing = body.split('\n').find((line) => line.startsWith('[-]'));
    return { done: false, state: failing ?? `/readyz answered ${code}` };
  } catch (error) {
    return { done: false, state: messageOf(error) };
  }
}

export const nodes: Step<UpContext> = {
  title: 'Nodes',
  async run(context, report) {
    for (const name of context.found.removedNodes ?? []) await deleteNodeObject(found(context, 'client'), name);
    const names = await waitForNodes({
      docker: found(context, 'docker'),
      lab: context.lab,
      client: found(context, 'client'),
      clock: context.clock,
      timeoutMs: context.timeoutMs,
      report,
    });
    return `${names.join(', ')} Ready`;
  },
};

const dnsAddress = '10.96.0.10';
const knownName = 'kubernetes.default.svc.cluster.local';

/** Deployed, and answering through a node's service rules. */
export const clusterDns: Step<UpContext> = {
  title: 'Cluster DNS',
  async run(context, report) {
    await waitUntil({
      what: 'cluster DNS to answer',
      timeoutMs: context.timeoutMs,
      intervalMs: 200,
      clock: context.clock,
      report,
      probe: () => probeDns(context),
      onTimeout: () => lastWords(context, 'addons'),
      hint: 'See `kubectl -n kube-system describe pods -l k8s-app=kube-dns`.',
    });
    return `answers at ${dnsAddress}`;
  },
};

async function probeDns(context: UpContext): Promise<Probe> {
  try {
    const { spec, status } = await found(context, 'client').get(deployments, 'coredns', 'kube-system');
    const [wanted, available] = [spec?.replicas ?? 1, status?.availableReplicas ?? 0];
    if (available < wanted)
      return { done: false, state: `${available} of ${wanted} replicas of coredns are available` };
  } catch (error) {
    return { done: false, state: messageOf(error) };
  }
  const node = (await listContainers(found(context, 'docker'), context.lab)).find(isNode);
  const command = ['node', '/opt/kubelab/node/resolve.mjs', dnsAddress, knownName];
  const { code, lines } = await tryRun('docker', ['exec', node?.id ?? '', ...command]);
  return code === 0 ? { done: true } : { done: false, state: lines.at(-1) ?? 'no answer' };
}

async function lastWords(context: UpContext, service: string): Promise<string[]> {
  const docker = found(context, 'docker');
  const container = (await listContainers(docker, context.lab)).find((item) => item.service === service);
  return container ? tailOf(docker, container.id, 15) : [`there is no container of ${service}`];
}
