/** The node's parts, made and connected in the order in which a node comes up. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { nodes, pods, services } from '@kubelab/api/resource-types';
import type { Node, NodeAddress, Pod, Service } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import { createEventRecorder, type EventRecorder } from '@kubelab/client/event-recorder';
import type { Informer } from '@kubelab/client/informer';
import { createInformer } from '@kubelab/client/reflector';
import { readConfigFile } from '@kubelab/component/files';
import type { ServiceContext } from '@kubelab/component/service';
import type { ImageServiceClient, RuntimeServiceClient, VersionResponse } from '@kubelab/proto/generated/runtime-v1';
import { ServingCertificate } from './bootstrap/serving-certificate.js';
import { type Config, parseLabels, parseTaints, reservedOf } from './config.js';
import { thresholdsOf } from './config-policies.js';
import type { EvictionManager } from './eviction/eviction-manager.js';
import { createMetrics, type KubeletMetrics } from './metrics.js';
import { LeaseKeeper } from './node/lease.js';
import { primaryAddress, readDisk, readMachine, readNodeLimits } from './node/machine.js';
import { NodeAgent, type NodeAgentOptions } from './node/node-agent.js';
import { appArmorRejection, hasAppArmor } from './pods/apparmor-admission.js';
import { PodManager } from './pods/pod-manager.js';
import type { PodServices } from './pods/pod-services.js';
import { sysctlRejection } from './pods/sysctl-allowlist.js';
import { withRequestTimeout } from './runtime/request-timeout.js';
import type { RuntimeCache } from './runtime/runtime-cache.js';
import { RequestAuthenticator } from './server/authentication.js';
import { RequestAuthorizer } from './server/authorization.js';
import { kubeletConfiguration } from './server/configz.js';
import { KubeletHandlers } from './server/handlers.js';
import { KubeletServer } from './server/kubelet-server.js';
import type { StatsReader } from './stats/stats-reader.js';
import type { Mounter } from './volumes/mounter.js';
import { createEviction, createStats, pressureOf, startEviction } from './wire-eviction.js';
import { createDisks, createHousekeeping } from './wire-housekeeping.js';
import { createMirrors, createShutdown, isNodeShutdown, startStaticPods } from './wire-node-life.js';
import { createPodServices } from './wire-pods.js';

export interface NodeParts {
  config: Config;
  context: ServiceContext;
  nodeName: string;
  client: KubeClient;
  runtime: RuntimeServiceClient;
  imageService: ImageServiceClient;
  clientCa: Buffer | undefined;
  version: VersionResponse;
  mounter: Mounter;
}

export interface Informers {
  node: Informer<Node>;
  pods: Informer<Pod>;
  services: Informer<Service>;
}

/** Runs the node until the signal aborts. */
export async function runNode(outer: NodeParts): Promise<void> {
  // The parts go on while pods end with their node.
  const stop = new AbortController();
  const parts = {
    ...outer,
    runtime: withRequestTimeout(outer.runtime, outer.config['runtime-request-timeout']),
    context: { ...outer.context, signal: stop.signal },
  };
  const { config, context, nodeName, client } = parts;
  const { clock, logger, signal, registry } = context;
  // Every pod and every watch listens for the end.
  setMaxListeners(0, signal);
  const metrics = createMetrics(registry, nodeName);
  const events = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock, logger });
  const informers = createInformers(client, context, nodeName);
  const disks = createDisks(parts);
  // Parts that call each other meet here: each is asked for only after all have been made.
  const late: {
    manager?: PodManager;
    serving?: ServingCertificate | undefined;
    cache?: RuntimeCache;
    shuttingDown?: () => boolean;
    eviction?: EvictionManager;
  } = {};
  const agent = createAgent(parts, events, informers.node, {
    plegProblem: () => late.cache?.unhealthy(),
    shuttingDown: () => late.shuttingDown?.() ?? false,
    pressure: () => pressureOf(late.eviction),
    onChange: () => {
      late.manager?.wakeAll();
      late.serving?.check();
    },
  });
  const appArmor = await hasAppArmor();
  const services = createPodServices(parts, { events, metrics, informers, agent, manager: () => late.manager });
  late.cache = services.cache;
  const mirrors = config['pod-manifest-path'] === '' ? undefined : createMirrors(parts, services, agent);
  const shutdown = createShutdown(parts, services, { events, manager: () => late.manager });
  late.shuttingDown = () => shutdown.begun;
  late.manager = new PodManager({
    services,
    informer: informers.pods,
    node: () => agent.node(),
    signal,
    mirrors,
    refuse: {
      first: (pod) => late.eviction?.rejection(pod) ?? sysctlRejection(pod, config['allowed-unsafe-sysctls']),
      last: (pod) => appArmorRejection(pod, { enabled: appArmor }) ?? shutdown.rejection(),
    },
  });
  const housekeeping = createHousekeeping(parts, services, {
    events,
    metrics,
    disks,
    node: () => agent.node(),
    pods: () => late.manager?.pods() ?? [],
  });
  const stats = createStats(parts, services, late.manager);
  late.eviction = createEviction(parts, services, { events, stats, disks, agent, housekeeping, manager: late.manager });
  const server = createServer(parts, services, late.manager, metrics, stats);
  await server.listen();
  informers.services.start(signal);
  await Promise.all([services.cache.start(signal), agent.start(signal), services.allocations.load()]);
  late.serving = startServing(parts, server, agent);
  informers.node.start(signal);
  startLease(parts, agent);
  await startStaticPods(parts, late.manager);
  late.manager.start();
  informers.pods.start(signal);
  housekeeping.start();
  startEviction(parts.context, late.eviction);
  await stopped(outer.context.signal);
  if (isNodeShutdown(config)) {
    const ending = shutdown.run();
    await agent.sync().catch((error: unknown) => logger.warn('Node status could not be written', { error }));
    await ending;
  } else logger.info('Pods are left running');
  stop.abort(outer.context.signal.reason);
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
  hooks: Pick<NodeAgentOptions, 'plegProblem' | 'shuttingDown' | 'pressure' | 'onChange'>,
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
    evictionHard: thresholdsOf(config).filter(({ graceMs }) => graceMs === 0),
    port: config.port,
    runtimeVersion: `${version.runtimeName}://${version.runtimeVersion}`,
    statusUpdateMs: config['node-status-update-frequency'],
    addresses: () => nodeAddresses(config, nodeName),
    disk,
    ...hooks,
  });
}

function nodeAddresses(config: Config, nodeName: string): NodeAddress[] {
  const ip = config['node-ip'] || primaryAddress();
  return [...(ip ? [{ type: 'InternalIP', address: ip }] : []), { type: 'Hostname', address: nodeName }];
}

function createServer(
  parts: NodeParts,
  services: PodServices,
  manager: PodManager,
  metrics: KubeletMetrics,
  stats: StatsReader,
): KubeletServer {
  const { config, context, nodeName, client, runtime, clientCa, version } = parts;
  const { clock, logger, registry } = context;
  const { cache, statuses } = services;
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
      config: kubeletConfiguration(config),
      unhealthy: () => cache.unhealthy(),
      clock,
      // The docker shim does.
      newestWebSockets: version.runtimeName === 'docker',
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

export function certDirOf(config: Config): string {
  return config['cert-dir'] || join(config['root-dir'], 'pki');
}

/** For work that goes on until the kubelet stops: its failure is a bug, but no reason to end the pods. */
export function background({ logger, signal }: ServiceContext, what: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!signal.aborted) logger.error(`${what} failed`, { error });
  });
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
