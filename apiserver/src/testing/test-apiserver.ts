/** The whole apiserver on an etcd of its own, with RBAC and real certificates: for tests. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@kubelab/component/logger';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { type ApiserverConfig, configWith } from '../config.js';
import { type Apiserver, startApiserver } from '../wire.js';
import { createTestCertificates, type TestCertificates } from './certificates.js';
import { createTestClient, type TestClient } from './test-client.js';

export interface TestApiserver {
  server: Apiserver;
  etcd: TestEtcd;
  certificates: TestCertificates;
  config: ApiserverConfig;
  /** A member of system:masters, with a client certificate. */
  admin: TestClient;
  /** Path of the admin's kubeconfig. */
  kubeconfig: string;
  /** A client with a certificate for this user. */
  clientFor(user: string, groups?: readonly string[]): Promise<TestClient>;
  /** A client without credentials, or with a bearer token. */
  clientWith(token?: string): TestClient;
  close(): Promise<void>;
}

export interface TestApiserverOptions {
  flags?: Partial<ApiserverConfig>;
  logger?: Logger;
}

/** Resolves when the server is ready. */
export async function startTestApiserver(options: TestApiserverOptions = {}): Promise<TestApiserver> {
  const folder = mkdtempSync(join(tmpdir(), 'kubelab-apiserver-'));
  const etcd = await startEtcd();
  let server: Apiserver | undefined;
  const clients: TestClient[] = [];
  const close = async (): Promise<void> => {
    for (const client of clients) client.close();
    await server?.close();
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const certificates = await createTestCertificates();
    const config = configWith({ ...flagsFor(folder, etcd, certificates), ...options.flags });
    const running = await startApiserver(config, options.logger ? { logger: options.logger } : {});
    server = running;
    await running.ready;
    const open = (credentials: { cert?: string; key?: string; token?: string }): TestClient => {
      const client = createTestClient({ port: running.port, ca: certificates.ca, ...credentials });
      clients.push(client);
      return client;
    };
    const clientFor = async (user: string, groups: readonly string[] = []): Promise<TestClient> =>
      open(await certificates.issueClient(user, groups));
    const kubeconfig = join(folder, 'admin.conf');
    const identity = await certificates.issueClient('kubernetes-admin', ['system:masters']);
    writeFileSync(kubeconfig, kubeconfigText(running.url, certificates.ca, identity));
    return {
      server: running,
      etcd,
      certificates,
      config,
      admin: open(identity),
      kubeconfig,
      clientFor,
      clientWith: (token) => open(token === undefined ? {} : { token }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function flagsFor(folder: string, etcd: TestEtcd, certificates: TestCertificates): Partial<ApiserverConfig> {
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    'etcd-servers': [etcd.endpoint],
    'bind-address': '127.0.0.1',
    'secure-port': 0,
    'advertise-address': '10.0.0.1',
    'tls-cert-file': file('server.crt', certificates.cert),
    'tls-private-key-file': file('server.key', certificates.key),
    'client-ca-file': file('ca.crt', certificates.ca),
    'service-account-signing-key-file': file('sa.key', certificates.serviceAccountKey),
    'service-account-key-file': [file('sa.pub', certificates.serviceAccountPublicKey)],
    'service-account-issuer': ['https://kubernetes.default.svc.cluster.local'],
    'service-cluster-ip-range': '10.96.0.0/12',
    'authorization-mode': ['Node', 'RBAC'],
    'enable-bootstrap-token-auth': true,
  };
}

function kubeconfigText(server: string, ca: string, identity: { cert: string; key: string }): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const cluster = { name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } };
  const user = {
    name: 'admin',
    user: { 'client-certificate-data': base64(identity.cert), 'client-key-data': base64(identity.key) },
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    users: [user],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}
