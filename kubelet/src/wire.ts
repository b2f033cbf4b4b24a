/** Constructs the kubelet's parts and connects them; the order is the order in which a node comes up. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configMaps, nodes, pods, secrets, services } from '@kubelab/api/resource-types';
import type { Node, NodeAddress, Pod, Service } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import { createEventRecorder, type EventRecorder } from '@kubelab/client/event-recorder';
import type { Informer } from '@kubelab/client/informer';
import { createInformer } from '@kubelab/client/reflector';
import { timestamp } from '@kubelab/component/clock';
import { readConfigFile } from '@kubelab/component/files';
import { startHealthServer } from '@kubelab/component/health-server';
import { gitVersion } from '@kubelab/component/identity';
import type { ServiceContext } from '@kubelab/component/service';
import type { ImageServiceClient, RuntimeServiceClient, VersionResponse } from '@kubelab/proto/generated/runtime-v1';
import { createImageClient, createRuntimeClient } from '@kubelab/proto/runtime-v1';
import { ClientCertificate } from './bootstrap/client-certificate.js';
import { createRotatingClient } from './bootstrap/rotating-client.js';
import { ServingCertificate } from './bootstrap/serving-certificate.js';
import { CgroupFs, noPodCgroups } from './cgroups/cgroup-fs.js';
import { type Config, nodeNameOf, parseLabels, parseTaints, reservedOf, thresholdsOf } from './config.js';
import { type DnsConfig, parseResolvConf } from './containers/resolv-conf.js';
import { readTerminationMessage } from './containers/termination-message.js';
import { ImageManager } from './images/image-manager.js';
import { createMetrics, type KubeletMetrics } from './metrics.js';
import { LeaseKeeper } from './node/lease.js';
import { primaryAddress, readDisk, readMachine, readNodeLimits, routedAddress } from './node/machine.js';
import { NodeAgent } from './node/node-agent.js';
import { readNodeUsage } from './node/node-usage.js';
import { type Pressure, pressureOf } from './node/pressure.js';
import { ObjectCache } from './objects/object-cache.js';
import { TokenCache } from './objects/token-cache.js';
import { ContainerKiller } from './pods/container-killer.js';
import { HookRunner } from './pods/lifecycle-hooks.js';
import { PodManager } from './pods/pod-manager.js';
import type { PodServices } from './pods/pod-services.js';
import { StatusManager } from './pods/status-manager.js';
import { Prober } from './probes/prober.js';
import { PodStateReader } from './runtime/pod-state-reader.js';
import { RuntimeCache } from './runtime/runtime-cache.js';
import { StartSlots } from './runtime/start-slots.js';
import { RequestAuthenticator } from './server/authentication.js';
import { RequestAuthorizer } from './server/authorization.js';
import { KubeletHandlers } from './server/handlers.js';
import { KubeletServer } from './server/kubelet-server.js';
import { StatsReader } from './server/stats.js';
import { LinuxMounter } from './volumes/mounter.js';
import { PayloadReader } from './volumes/payload-reader.js';
import { VolumeManager } from './volumes/volume-manager.js';

export async function runKubelet(config: Config, context: ServiceContext): Promise<void> {
  const { logger, clock, signal } = context;
  const nodeName = nodeNameOf(config);
  const clientCa = config['client-ca-file'] ? readConfigFile('client-ca-file', config['client-ca-file']) : undefined;
  const runtime = createRuntimeClient(config['container-runtime-endpoint']);
  const imageService = createImageClient(config['image-service-endpoint'] || config['container-runtime-endpoint']);
  const healthz = config['healthz-port'] > 0 ? await startHealth(config) : undefined;
  logger.info('Starting kubelet', { node: nodeName, version: gitVersion });
  try {
    const certificate = clientCertificate(config, context, nodeName);
    const [clientConfig, version] = await Promise.all([certificate.obtain(), runtimeVersion(runtime, context)]);
    const { client, rotate } = createRotatingClient({ ...clientConfig, userAgent: `kubelet/${gitVersion}` });
    if (config['rotate-certificates'] && config['bootstrap-kubeconfig']) {
      background(
        context,
        'Client certificate',
        certificate.keep(client, (next) => rotate({ ...next, userAgent: `kubelet/${gitVersion}` })),
      );
    }
    await runNode({ config, context, nodeName, client, runtime, imageService, clientCa, version });
    client.close();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await healthz?.close();
    runtime.close();
    imageService.close();
    logger.info('Kubelet has stopped', { at: timestamp(clock) });
  }
}

function startHealth(config: Config): ReturnType<typeof startHealthServer> {
  return startHealthServer({ port: config['healthz-port'], host: config['healthz-bind-address'], checks: [] });
}

function clientCertificate(
  config: Config,
  { clock, logger, signal }: ServiceContext,
  nodeName: string,
): ClientCertificate {
  return new ClientCertificate({
    nodeName,
    kubeconfig: config.kubeconfig,
    bootstrapKubeconfig: config['bootstrap-kubeconfig'],
    certDir: certDirOf(config),
    clock,
    logger,
    signal,
  });
}

function certDirOf(config: Config): string {
  return config['cert-dir'] || join(config['root-dir'], 'pki');
}

async function runtimeVersion(
  runtime: RuntimeServiceClient,
  { clock, logger, signal }: ServiceContext,
): Promise<VersionResponse> {
  for (let told = false; ; told = true) {
    try {
      return await runtime.version({ version: '' }, { timeoutMs: 10_000, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!told)
        logger.info('Waiting for the container runtime', { error: error instanceof Error ? error.message : error });
      await clock.sleep(200, signal);
    }
  }
}

/** For work that goes on until the kubelet stops: its failure is a bug, but no reason to end the pods. */
function background({ logger, signal }: ServiceContext, what: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!signal.aborted) logger.error(`${what} failed`, { error });
  });
}

interface NodeParts {
  config: Config;
  context: ServiceContext;
  nodeName: string;
  client: KubeClient;
  runtime: RuntimeServiceClient;
  imageService: ImageServiceClient;
  clientCa: Buffer | undefined;
  version: VersionResponse;
}

interface Informers {
  node: Informer<Node>;
  pods: Informer<Pod>;
  services: Informer<Service>;
}

async function runNode(parts: NodeParts): Promise<void> {
  const { context, nodeName, client } = parts;
  const { clock, logger, signal, registry } = context;
  const metrics = createMetrics(registry, nodeName);
  const events = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock, logger });
  const informers = createInformers(client, context, nodeName);
  // Parts that call each other meet here: each is asked for only after all have been made.
  const late: { manager?: PodManager; serving?: ServingCertificate | undefined; cache?: RuntimeCache } = {};
  const agent = createAgent(parts, events, informers.node, {
    plegProblem: () => late.cache?.unhealthy(),
    onChange: () => {
      late.manager?.wakeAll();
      late.serving?.check();
    },
  });
  const services = createPodServices(parts, { events, metrics, informers, agent, manager: () => late.manager });
  late.cache = services.cache;
  late.manager = new PodManager({ services, informer: informers.pods, node: () => agent.node(), signal });
  const server = createServer(parts, services, late.manager, metrics);
  await server.listen();
  informers.services.start(signal);
  await Promise.all([services.cache.start(signal), agent.start(signal)]);
  late.serving = startServing(parts, server, agent);
  informers.node.start(signal);
  startLease(parts, agent);
  late.manager.start();
  informers.pods.start(signal);
  await stopped(signal);
  logger.info('Pods are left running');
  await Promise.race([events.flush(), clock.sleep(1_000)]);
  services.configMaps.close();
  services.secrets.close();
  await server.close();
}

function createInformers(client: KubeClient, { clock, logger }: ServiceContext, nodeName: string): Informers {
  const options = { clock, logger };
  return {
    node: createInformer(client, nodes, { ...options, fieldSelector: `metadata.name=${nodeName}` }),
    pods: createInformer(client, pods, { ...options, fieldSelector: `spec.nodeName=${nodeName}` }),
    services: createInformer(client, services, options),
  };
}

function createAgent(
  parts: NodeParts,
  events: EventRecorder,
  informer: Informer<Node>,
  hooks: { plegProblem(): string | undefined; onChange(): void },
): NodeAgent {
  const { config, context, nodeName, client, runtime, imageService, version } = parts;
  const machine = readMachine();
  const limits = readNodeLimits();
  const disk = (): ReturnType<typeof readDisk> => readDisk(config['root-dir']);
  return new NodeAgent({
    client,
    runtime,
    imageService,
    informer,
    events,
    clock: context.clock,
    logger: context.logger,
    registration: {
      client,
      nodeName,
      architecture: machine.architecture,
      labels: parseLabels(config),
      taints: parseTaints(config),
    },
    machine,
    limits,
    maxPods: config['max-pods'],
    reserved: reservedOf(config),
    port: config.port,
    runtimeVersion: `${version.runtimeName}://${version.runtimeVersion}`,
    statusUpdateMs: config['node-status-update-frequency'],
    addresses: () => nodeAddresses(config, nodeName),
    disk,
    pressure: () => nodePressure(config, limits.memory),
    ...hooks,
  });
}

async function nodeAddresses(config: Config, nodeName: string): Promise<NodeAddress[]> {
  const ip = config['node-ip'] || (await routedAddress()) || primaryAddress();
  return [...(ip ? [{ type: 'InternalIP', address: ip }] : []), { type: 'Hostname', address: nodeName }];
}

async function nodePressure(config: Config, memoryCapacity: number): Promise<Pressure> {
  const disk = await readDisk(config['root-dir']);
  const { memoryWorkingSet } = readNodeUsage(memoryCapacity, config['cgroup-root']);
  const space = { available: disk.availableBytes, capacity: disk.capacityBytes };
  const inodes = { available: disk.inodesFree, capacity: disk.inodes };
  return pressureOf(thresholdsOf(config), {
    'memory.available': { available: memoryCapacity - memoryWorkingSet, capacity: memoryCapacity },
    'nodefs.available': space,
    'nodefs.inodesFree': inodes,
    'imagefs.available': space,
    'imagefs.inodesFree': inodes,
  });
}

interface PodServiceInputs {
  events: EventRecorder;
  metrics: KubeletMetrics;
  informers: Informers;
  agent: NodeAgent;
  manager(): PodManager | undefined;
}

function createPodServices(parts: NodeParts, inputs: PodServiceInputs): PodServices {
  const { config, context, nodeName, client, runtime, imageService, version } = parts;
  const { clock, logger, signal } = context;
  const { events, metrics, informers, agent, manager } = inputs;
  const nodeIPs = (): string[] =>
    (agent.status().addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  const cache = new RuntimeCache({
    reader: new PodStateReader(runtime, readTerminationMessage),
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
  const mounter = new LinuxMounter();
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
      pulled: (_image, seconds, bytes) => metrics.imagePulled(seconds, bytes),
    }),
    statuses: new StatusManager({ client, clock, logger, signal }),
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
    }),
    cgroups:
      config['cgroup-root'] && config['cgroups-per-qos']
        ? new CgroupFs({ root: config['cgroup-root'], logger })
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

function createServer(
  parts: NodeParts,
  services: PodServices,
  manager: PodManager,
  metrics: KubeletMetrics,
): KubeletServer {
  const { config, context, nodeName, client, runtime, clientCa } = parts;
  const { clock, logger, registry } = context;
  const { cache, statuses } = services;
  const memory = services.node.memoryCapacity;
  const stats = new StatsReader({
    runtime,
    nodeName,
    pods: () => manager.pods(),
    node: async () => readNodeUsage(memory, config['cgroup-root']),
    disk: () => readDisk(config['root-dir']),
    clock,
    startTime: timestamp(clock),
  });
  return new KubeletServer({
    host: config.address,
    port: config.port,
    clientCa,
    authenticator: new RequestAuthenticator({ client, clock, anonymousAuth: config['anonymous-auth'] }),
    authorizer: new RequestAuthorizer({ client, clock, nodeName }),
    logger,
    handlers: new KubeletHandlers({
      runtime,
      pods: () => manager.pods(),
      findPod: (namespace, name, uid) => manager.find(namespace, name, uid),
      statusOf: (pod) => statuses.get(pod.metadata.uid) ?? pod.status ?? {},
      stateOf: (uid) => cache.get(uid),
      runtimePods: () => cache.list(),
      stats,
      registry,
      probeRegistry: metrics.probeRegistry,
      config: { ...config, nodeName },
      unhealthy: () => cache.unhealthy(),
      clock,
    }),
  });
}

function startServing(parts: NodeParts, server: KubeletServer, agent: NodeAgent): ServingCertificate | undefined {
  const { config, context, nodeName, client } = parts;
  const { clock, logger, signal } = context;
  const certFile = config['tls-cert-file'];
  if (certFile) {
    const key = readConfigFile('tls-private-key-file', config['tls-private-key-file']);
    server.useCertificate(`${readConfigFile('tls-cert-file', certFile)}\n${key}`);
    return undefined;
  }
  const serving = new ServingCertificate({
    client,
    nodeName,
    certDir: certDirOf(config),
    clock,
    logger,
    signal,
    addresses: () => agent.status().addresses ?? [],
    use: (pem) => server.useCertificate(pem),
  });
  background(context, 'Serving certificate', serving.run());
  return serving;
}

function startLease(parts: NodeParts, agent: NodeAgent): void {
  const { config, context, nodeName, client } = parts;
  const { clock, logger, signal } = context;
  const keeper = new LeaseKeeper({
    client,
    clock,
    logger,
    nodeName,
    nodeUid: () => agent.node()?.metadata.uid,
    durationSeconds: config['node-lease-duration-seconds'],
  });
  background(context, 'Node lease', keeper.run(signal));
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
