/** What the pod workers share. */

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { configMaps, secrets } from '@kubelab/api/resource-types';
import type { EventRecorder } from '@kubelab/client/event-recorder';
import { CgroupFs, noPodCgroups } from './cgroups/cgroup-fs.js';
import { CheckpointFile } from './checkpoint/checkpoint-file.js';
import { containerGcPolicyOf, hasPodCgroups } from './config-policies.js';
import { type DnsConfig, parseResolvConf } from './containers/resolv-conf.js';
import { readTerminationMessage } from './containers/termination-message.js';
import { ContainerCollector } from './garbage/container-collector.js';
import { ImageManager } from './images/image-manager.js';
import { NodeCredentials } from './images/node-credentials.js';
import type { KubeletMetrics } from './metrics.js';
import { readNodeLimits } from './node/machine.js';
import type { NodeAgent } from './node/node-agent.js';
import { ObjectCache } from './objects/object-cache.js';
import { TokenCache } from './objects/token-cache.js';
import { Allocations, parseAllocations } from './pods/allocations.js';
import { ContainerKiller } from './pods/container-killer.js';
import { HookRunner } from './pods/lifecycle-hooks.js';
import type { PodManager } from './pods/pod-manager.js';
import type { PodServices } from './pods/pod-services.js';
import { StatusManager } from './pods/status-manager.js';
import { Prober } from './probes/prober.js';
import { OomLog } from './runtime/oom-log.js';
import { PodStateReader } from './runtime/pod-state-reader.js';
import { RuntimeCache } from './runtime/runtime-cache.js';
import { StartSlots } from './runtime/start-slots.js';
import { ApiClaimReader } from './volumes/claims.js';
import { PayloadReader } from './volumes/payload-reader.js';
import { VolumeManager } from './volumes/volume-manager.js';
import type { Informers, NodeParts } from './wire-node.js';

export interface PodServiceInputs {
  events: EventRecorder;
  metrics: KubeletMetrics;
  informers: Informers;
  agent: NodeAgent;
  manager(): PodManager | undefined;
}

export function createPodServices(parts: NodeParts, inputs: PodServiceInputs): PodServices {
  const { config, context, nodeName, client, runtime, imageService, version, mounter } = parts;
  const { clock, logger, signal } = context;
  const { events, metrics, informers, agent, manager } = inputs;
  const nodeIPs = (): string[] =>
    (agent.status().addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  const oomLog = new OomLog();
  const cache = new RuntimeCache({
    reader: new PodStateReader(runtime, readTerminationMessage, (id) => oomLog.hasKilled(id)),
    client: runtime,
    clock,
    logger,
    metrics: metrics.runtime,
    onChange: (uid, state) => manager()?.changed(uid, state),
  });
  const objectOptions = { client, clock, logger, onChange: (uids: string[]) => manager()?.contentChanged(uids) };
  const maps = new ObjectCache({ ...objectOptions, type: configMaps });
  const hidden = new ObjectCache({ ...objectOptions, type: secrets });
  const tokens = new TokenCache({ client, clock, logger });
  const hooks = new HookRunner({ runtime, clock });
  const nodeCredentials = new NodeCredentials({
    rootDir: config['root-dir'],
    workingDir: process.cwd(),
    home: homedir(),
    clock,
    logger,
  });
  const paths = { root: config['root-dir'], podLogs: config['pod-log-dir'] };
  return {
    client,
    runtime,
    cache,
    hooks,
    mounter,
    events,
    clock,
    logger,
    tokens,
    configMaps: maps,
    secrets: hidden,
    services: informers.services,
    servicesSynced: (waiting) => informers.services.waitForSync(waiting),
    images: new ImageManager({
      client: imageService,
      events,
      clock,
      maxParallelPulls: config['serialize-image-pulls'] ? 1 : config['max-parallel-image-pulls'],
      nodeKeyring: () => nodeCredentials.keyring(),
      pulled: (_image, seconds, bytes) => metrics.imagePulled(seconds, bytes),
    }),
    statuses: new StatusManager({ client, clock, logger, signal }),
    deadContainers: new ContainerCollector({
      runtime,
      policy: containerGcPolicyOf(config),
      pods: () => cache.list(),
      clock,
    }),
    killer: new ContainerKiller({ runtime, hooks, events, clock, logger }),
    prober: new Prober({
      runtime,
      events,
      clock,
      onChange: (uid) => manager()?.changed(uid),
      count: (kind, result, pod, container) =>
        metrics.probed({
          probe_type: kind,
          result,
          container,
          pod: pod.metadata.name,
          namespace: pod.metadata.namespace ?? '',
          pod_uid: pod.metadata.uid,
        }),
    }),
    volumes: new VolumeManager({
      paths,
      mounter,
      payloads: new PayloadReader({ configMaps: maps, secrets: hidden, tokens }),
      claims: new ApiClaimReader(client, () => agent.node()),
    }),
    allocations: new Allocations(
      new CheckpointFile({
        path: join(config['root-dir'], 'allocated_pods_state'),
        version: 1,
        logger,
        parse: parseAllocations,
      }),
    ),
    cgroups: hasPodCgroups(config)
      ? new CgroupFs({ root: config['cgroup-root'], maxPids: config['pod-max-pids'], logger })
      : noPodCgroups,
    slots: new StartSlots(config['max-parallel-starts']),
    metrics: metrics.pods,
    node: {
      name: nodeName,
      ips: nodeIPs,
      allocatable: () => agent.status().allocatable ?? {},
      memoryCapacity: readNodeLimits().memory,
      networkProblem: () => agent.networkProblem(),
    },
    settings: {
      paths,
      clusterDns: [...config['cluster-dns']],
      clusterDomain: config['cluster-domain'],
      nodeDns: () => readNodeDns(config['resolv-conf']),
      seccompRoot: config['seccomp-root'] || join(config['root-dir'], 'seccomp'),
      runtimeName: version.runtimeName,
    },
  };
}

async function readNodeDns(path: string): Promise<DnsConfig> {
  if (path === '') return { servers: [], searches: [], options: [] };
  return parseResolvConf(await readFile(path, 'utf8'));
}
