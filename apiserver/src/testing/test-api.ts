/** A whole API on a real etcd that lets everybody in: for tests of the engine and of the HTTP side. */

import type { OpenApiDocuments } from '@kubelab/api/openapi/documents';
import type { ResourceDefinition } from '@kubelab/api/resource';
import { systemClock } from '@kubelab/component/clock';
import { type Logger, silentLogger } from '@kubelab/component/logger';
import { startEtcd } from '@kubelab/testkit/etcd';
import { Registry } from 'prom-client';
import type { AdmissionPlugin, Authenticator, Authorizer, UserInfo } from '../contracts.js';
import type { InFlightLimits } from '../http/in-flight.js';
import type { Engine } from '../registry/engine.js';
import { createResources } from '../registry/resources.js';
import { builtinSubresources } from '../registry/subresources/builtin.js';
import type { Action } from '../registry/subresources/subresources.js';
import { serveApi } from '../serve.js';
import { openStorage } from '../storage/etcd-storage.js';
import { createTestCertificates, type TestCertificates } from './certificates.js';
import { createTestClient, type TestClient } from './test-client.js';

export interface TestApiOptions {
  definitions: readonly ResourceDefinition[];
  admission?: readonly AdmissionPlugin[];
  /** Default: everything is allowed. */
  authorizer?: Authorizer;
  actions?: ReadonlyMap<string, Action>;
  openApi?: OpenApiDocuments;
  requestTimeoutMs?: number;
  inFlight?: InFlightLimits;
  headersTimeoutMs?: number;
  /** Bytes of events that may wait for a watch whose client does not read. */
  watchQueueBytes?: number;
  /** Time that a watch's client gets to read what it was sent, when the watch is over. */
  watchDrainMs?: number;
  logger?: Logger;
}

export interface TestApi {
  url: string;
  port: number;
  certificates: TestCertificates;
  client: TestClient;
  engine: Engine;
  close(options?: { graceMs: number }): Promise<void>;
}

/** The user is what `Authorization: Bearer NAME` says, a member of system:masters unless the name begins with `user-`; `Bearer wrong` is a 401. */
const trustingAuthenticator: Authenticator = {
  async authenticate(request): Promise<UserInfo | undefined> {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === 'wrong') return undefined;
    const groups = token?.startsWith('user-') ? [] : ['system:masters'];
    return { name: token ?? 'admin', groups: [...groups, 'system:authenticated'] };
  },
};

export async function startTestApi(options: TestApiOptions): Promise<TestApi> {
  const etcd = await startEtcd();
  const logger = options.logger ?? silentLogger;
  const registry = new Registry();
  try {
    const storage = await openStorage({
      endpoints: [etcd.endpoint],
      log: logger,
      registry,
      ...(options.watchQueueBytes === undefined ? {} : { watchQueueBytes: options.watchQueueBytes }),
    });
    const certificates = await createTestCertificates();
    const resources = createResources(options.definitions, storage);
    const engine: Engine = {
      resources,
      admission: options.admission ?? [],
      storageHooks: [],
      authorizer: options.authorizer ?? { authorize: () => ({ allowed: true, reason: '' }) },
      clock: systemClock,
    };
    const api = await serveApi({
      engine,
      subresources: builtinSubresources(engine, options.actions ?? new Map()),
      connects: new Map(),
      authenticator: trustingAuthenticator,
      openApi: options.openApi ?? emptyOpenApi,
      healthChecks: [{ name: 'etcd', check: () => storage.healthy() }],
      extraDocuments: [],
      listen: {
        host: '127.0.0.1',
        port: 0,
        cert: Buffer.from(certificates.cert),
        key: Buffer.from(certificates.key),
        headersTimeoutMs: options.headersTimeoutMs,
      },
      advertiseAddress: '127.0.0.1',
      minRequestTimeoutMs: 1_800_000,
      watchDrainMs: options.watchDrainMs,
      requestTimeoutMs: options.requestTimeoutMs ?? 60_000,
      inFlight: options.inFlight ?? { readOnly: 400, mutating: 200 },
      registry,
      logger,
      clock: systemClock,
    });
    const client = createTestClient({ port: api.port, ca: certificates.ca });
    return {
      url: `https://127.0.0.1:${api.port}`,
      port: api.port,
      certificates,
      client,
      engine,
      async close({ graceMs } = { graceMs: 1_000 }) {
        await api.close({ delayMs: 0, graceMs });
        client.close();
        await storage.close();
        await etcd.stop();
      },
    };
  } catch (error) {
    await etcd.stop();
    throw error;
  }
}

const emptyOpenApi: OpenApiDocuments = {
  v2: () => ({ swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.34.0' }, paths: {}, definitions: {} }),
  v2Protobuf: () => Buffer.alloc(0),
  v3Paths: () => [],
  v3: () => undefined,
};
