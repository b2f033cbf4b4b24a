/** Constructs the parts of the apiserver and connects them: the only place that knows them all. */

import { builtinResources } from '@kubelab/api/registry';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { type Clock, systemClock } from '@kubelab/component/clock';
import type { HealthCheck } from '@kubelab/component/health-server';
import { type Logger, silentLogger } from '@kubelab/component/logger';
import { ConfigError } from '@kubelab/component/service';
import { Registry } from 'prom-client';
import { type LocalServices, startLocalServices } from './api-services/local-services.js';
import { type Bootstrap, postStartHooks } from './bootstrap/bootstrap.js';
import { bootstrapServer } from './bootstrap-server.js';
import { componentStatusStore, controlPlaneProbes, leaderOf } from './component-statuses/component-statuses.js';
import { type ApiserverConfig, advertiseAddress, validate } from './config.js';
import type { ObjectAccess } from './contracts.js';
import { type Credentials, readCredentials } from './credentials.js';
import { type CustomResources, startCustomResources } from './custom-resources/custom-resources.js';
import { createCors } from './http/cors.js';
import { createOpenApiSource } from './http/openapi-source.js';
import type { Engine } from './registry/engine.js';
import { createObjectAccess } from './registry/object-access.js';
import { withoutPrivilegedContainers } from './registry/privileged-containers.js';
import { createResources, type Resources } from './registry/resources.js';
import { builtinSubresources } from './registry/subresources/builtin.js';
import { createSecurity, type Security } from './security.js';
import { type RunningApi, serveApi } from './serve.js';
import { discoveryDocuments } from './service-accounts/discovery-documents.js';
import { onlyOwnServiceNetworks, showServiceNetwork } from './services/service-networks.js';
import { createServiceAllocations, type ServiceAllocations } from './services/service-room.js';
import { type EtcdStorage, openStorage } from './storage/etcd-storage.js';
import { createStreaming, type Streaming } from './streaming/streaming.js';

export interface ApiserverDependencies {
  logger?: Logger;
  /** Where the metrics go; with the process metrics already in it. */
  registry?: Registry;
  clock?: Clock;
  /** The kinds to serve; by default all built-in ones. */
  definitions?: readonly ResourceDefinition[];
}

export interface Apiserver {
  /** `https://127.0.0.1:6443`: on the bind address, or the loopback one when that is all of them. */
  url: string;
  port: number;
  /** For tests and for parts in the same process. */
  objects: ObjectAccess;
  /** Resolves when the system's own objects (namespaces, roles, the kubernetes service) are in place. */
  ready: Promise<void>;
  /** Ends watches, finishes requests within --shutdown-grace, and lets go of etcd. */
  close(): Promise<void>;
}

/** Everything below the HTTP server. */
interface Parts {
  config: ApiserverConfig;
  credentials: Credentials;
  clock: Clock;
  logger: Logger;
  registry: Registry;
  storage: EtcdStorage;
  resources: Resources;
  objects: ObjectAccess;
  allocations: ServiceAllocations;
  security: Security;
  streaming: Streaming;
  engine: Engine;
  /** Absent until the server has started. */
  customResources?: CustomResources;
  localServices?: LocalServices;
}

/** Resolves when the server listens and its caches are filled. Rejects with ConfigError or a StatusError when it cannot start. */
export async function startApiserver(
  config: ApiserverConfig,
  dependencies: ApiserverDependencies = {},
): Promise<Apiserver> {
  const problems = validate(config);
  if (problems.length > 0) throw new ConfigError(problems);
  const parts = await createParts(config, dependencies);
  const stop = new AbortController();
  try {
    await Promise.all(parts.resources.all().map((resource) => resource.store?.ready()));
    parts.security.authorization.load();
    parts.customResources = await startCustomResources(parts);
    parts.localServices = startLocalServices(parts);
    await showServiceNetwork(parts.resources, parts.objects, config['service-cluster-ip-range'], parts.clock);
    const state: StartState = {};
    const api = await serve(parts, state);
    const bootstrap = bootstrapServer(parts, api.port, stop.signal);
    state.bootstrap = bootstrap;
    const { ready } = bootstrap;
    // A server that is stopped while it starts has nobody waiting for this.
    ready.catch((error: unknown) => parts.logger.debug('Bootstrap ended early', { error }));
    parts.logger.info('Serving', { address: config['bind-address'], port: api.port });
    return {
      ...addressOf(config, api.port),
      objects: parts.objects,
      ready,
      close: () => close(parts, api, bootstrap, stop),
    };
  } catch (error) {
    await release(parts);
    throw error;
  }
}

function addressOf(config: ApiserverConfig, port: number): { url: string; port: number } {
  const bind = config['bind-address'];
  const host = bind === '' || bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind;
  return { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, port };
}

async function createParts(config: ApiserverConfig, dependencies: ApiserverDependencies): Promise<Parts> {
  const { logger = silentLogger, registry = new Registry(), clock = systemClock } = dependencies;
  const credentials = readCredentials(config);
  const storage = await openStorage({
    endpoints: [...config['etcd-servers']],
    ...credentials.etcd,
    prefix: config['etcd-prefix'],
    compactionIntervalMs: config['etcd-compaction-interval'],
    log: logger,
    registry,
    clock,
  });
  const computed = new Map([
    [
      'componentstatuses',
      componentStatusStore(
        controlPlaneProbes({ etcdHealthy: () => storage.healthy(), leaderOf: (lease) => leaderOf(objects, lease) }),
      ),
    ],
  ]);
  const definitions = definitionsFor(config, dependencies.definitions ?? builtinResources);
  const resources = createResources(definitions, storage, computed);
  const objects = createObjectAccess(resources, clock);
  const allocations = createServiceAllocations({
    objects,
    storage,
    serviceNetwork: config['service-cluster-ip-range'],
    nodePortRange: config['service-node-port-range'],
    clock,
    logger,
  });
  const security = createSecurity({
    config,
    credentials,
    objects,
    clock,
    firstPlugins: [
      allocations.admission,
      onlyOwnServiceNetworks,
      ...(config['allow-privileged'] ? [] : [withoutPrivilegedContainers]),
    ],
    serviceAccounts: definitionOf(resources, 'serviceaccounts'),
  });
  const engine: Engine = {
    resources,
    admission: security.admission,
    storageHooks: [allocations.hook],
    authorizer: security.authorization.authorizer,
    clock,
  };
  const streaming = createStreaming({
    objects,
    admission: security.admission,
    kubeletCredentials: credentials.kubelet,
    preferredAddressTypes: config['kubelet-preferred-address-types'],
    definitionOf: (plural) => definitionOf(resources, plural),
  });
  return {
    config,
    credentials,
    clock,
    logger,
    registry,
    storage,
    resources,
    objects,
    allocations,
    security,
    streaming,
    engine,
  };
}

/** --event-ttl is the one property of a kind that is a flag. */
function definitionsFor(config: ApiserverConfig, definitions: readonly ResourceDefinition[]): ResourceDefinition[] {
  return definitions.map((definition) =>
    definition.ttlSeconds === undefined
      ? definition
      : { ...definition, ttlSeconds: Math.ceil(config['event-ttl'] / 1000) },
  );
}

function definitionOf(resources: Resources, plural: string): ResourceDefinition {
  const resource = resources.byGroupResource({ group: '', resource: plural });
  if (!resource) throw new Error(`resource ${plural} is not served`);
  return resource.definition;
}

/** The server answers health checks before it has begun to bootstrap. */
interface StartState {
  bootstrap?: Bootstrap;
}

function serve(parts: Parts, state: StartState): Promise<RunningApi> {
  const { config, credentials, engine, security } = parts;
  const [issuer = ''] = config['service-account-issuer'];
  const jwksUri = config['service-account-jwks-uri'];
  const corsOrigins = config['cors-allowed-origins'];
  return serveApi({
    engine,
    subresources: builtinSubresources(engine, security.actions),
    connects: parts.streaming.handlers,
    authenticator: security.authentication.authenticator,
    openApi: createOpenApiSource(engine.resources.definitions),
    healthChecks: healthChecks(parts, state),
    extraDocuments:
      discoveryDocuments({ issuer, keys: credentials.verificationKeys, ...(jwksUri === '' ? {} : { jwksUri }) }) ?? [],
    listen: {
      host: config['bind-address'],
      port: config['secure-port'],
      ...credentials.serving,
      clientCa: clientAuthorities(credentials),
      cors: corsOrigins.length > 0 ? createCors(corsOrigins) : undefined,
    },
    advertiseAddress: advertiseAddress(config),
    minRequestTimeoutMs: config['min-request-timeout'] * 1000,
    requestTimeoutMs: config['request-timeout'],
    inFlight: { readOnly: config['max-requests-inflight'], mutating: config['max-mutating-requests-inflight'] },
    registry: parts.registry,
    logger: parts.logger,
    clock: parts.clock,
  });
}

/** Clients with several certificates choose by the CAs that a server names. */
function clientAuthorities({ clientCa, requestHeaderCa }: Credentials): Buffer | undefined {
  const pems = [clientCa?.pem, requestHeaderCa?.pem].filter((pem) => pem !== undefined);
  return pems.length === 0 ? undefined : Buffer.from(pems.join('\n'));
}

/** Upstream's names for those parts that there are here, in its order. */
function healthChecks(parts: Parts, state: StartState): HealthCheck[] {
  const { storage } = parts;
  const hook = (name: string, isFinished: () => boolean): HealthCheck => ({
    name: `poststarthook/${name}`,
    check() {
      if (!isFinished()) throw new Error('not finished');
    },
  });
  // Kinds of definitions are read before the server listens.
  const hasCustomKinds = (): boolean => parts.customResources !== undefined;
  return [
    { name: 'log', check: () => undefined },
    { name: 'etcd', check: () => storage.healthy() },
    { name: 'etcd-readiness', readinessOnly: true, check: () => storage.healthy() },
    { name: 'informer-sync', readinessOnly: true, check: () => undefined },
    ...['start-apiextensions-informers', 'start-apiextensions-controllers', 'crd-informer-synced'].map((name) =>
      hook(name, hasCustomKinds),
    ),
    ...postStartHooks.map((name) => hook(name, () => state.bootstrap?.isFinished(name) ?? false)),
    hook('kube-apiserver-autoregistration', () => parts.localServices !== undefined),
  ];
}

async function close(parts: Parts, api: RunningApi, bootstrap: Bootstrap, stop: AbortController): Promise<void> {
  stop.abort(new Error('the server stops'));
  await bootstrap.done.catch((error: unknown) => parts.logger.debug('Bootstrap ended', { error }));
  const { 'shutdown-delay-duration': delayMs, 'shutdown-grace': graceMs } = parts.config;
  await api.close({ delayMs, graceMs });
  await release(parts);
}

async function release(parts: Parts): Promise<void> {
  const { security, allocations, streaming, storage } = parts;
  await parts.localServices?.stop();
  await parts.customResources?.stop();
  security.authorization.stop();
  await allocations.stop();
  streaming.close();
  await storage.close();
}
