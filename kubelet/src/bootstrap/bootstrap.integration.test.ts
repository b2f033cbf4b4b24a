import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateSigningRequests } from '@kubelab/api/resource-types';
import type { NodeAddress } from '@kubelab/api/types';
import { systemClock } from '@kubelab/component/clock';
import { silentLogger } from '@kubelab/component/logger';
import { FakeCluster } from '../testing/fake-cluster.js';
import { TestAuthority } from '../testing/test-certificates.js';
import { parseCertificate } from './certificate-store.js';
import { ClientCertificate } from './client-certificate.js';
import { ServingCertificate } from './serving-certificate.js';

const clock = systemClock;
const logger = silentLogger;

describe('a node’s certificates', () => {
  let folder: string;
  let authority: TestAuthority;
  let server: Server;
  const stop = new AbortController();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubelet-bootstrap-'));
    authority = await TestAuthority.create();
  });

  afterEach(async () => {
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Signs every request that comes, as approver and signer would. */
  function signAll(cluster: FakeCluster): void {
    const seen = new Set<string>();
    const timer = setInterval(() => {
      for (const request of cluster.all(certificateSigningRequests)) {
        if (seen.has(request.metadata.name)) continue;
        seen.add(request.metadata.name);
        void authority.sign(Buffer.from(request.spec.request, 'base64').toString()).then((pem) =>
          cluster.update(certificateSigningRequests, {
            ...request,
            status: {
              conditions: [{ type: 'Approved', status: 'True' }],
              certificate: Buffer.from(pem).toString('base64'),
            },
          }),
        );
      }
    }, 10);
    stop.signal.addEventListener('abort', () => clearInterval(timer));
    timer.unref();
  }

  test('client: asks once, writes a kubeconfig, and finds it again after a restart', async () => {
    const posted: string[] = [];
    server = createServer((request, response) => {
      void answerSigning(request, response, authority, posted);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bootstrap = join(folder, 'bootstrap.conf');
    await writeFile(bootstrap, bootstrapKubeconfig((server.address() as AddressInfo).port));
    const options = {
      nodeName: 'node-1',
      kubeconfig: join(folder, 'kubelet.conf'),
      bootstrapKubeconfig: bootstrap,
      certDir: join(folder, 'pki'),
      clock,
      logger,
      signal: stop.signal,
    };
    const config = await new ClientCertificate(options).obtain();
    expect(posted).toEqual(['kubernetes.io/kube-apiserver-client-kubelet']);
    const certificate = parseCertificate(String(config.cert));
    expect(certificate.commonName).toBe('system:node:node-1');
    expect(await readdir(options.certDir)).toEqual([
      expect.stringMatching(/^kubelet-client-\d{4}-.*\.pem$/),
      'kubelet-client-current.pem',
    ]);
    expect(existsSync(join(options.certDir, 'kubelet-client.key.tmp'))).toBe(false);
    expect(await readFile(options.kubeconfig, 'utf8')).toContain(join(options.certDir, 'kubelet-client-current.pem'));
    await new ClientCertificate(options).obtain();
    expect(posted).toHaveLength(1);
  });

  test('client: without a kubeconfig and a bootstrap there is no way in', async () => {
    const options = {
      nodeName: 'n',
      kubeconfig: join(folder, 'none'),
      bootstrapKubeconfig: '',
      certDir: folder,
      clock,
      logger,
      signal: stop.signal,
    };
    await expect(new ClientCertificate(options).obtain()).rejects.toThrow(
      /does not exist, and there is no --bootstrap-kubeconfig/,
    );
  });

  test('serving: covers the node’s addresses and follows them', async () => {
    const cluster = new FakeCluster();
    signAll(cluster);
    let addresses: NodeAddress[] = [
      { type: 'Hostname', address: 'node-1' },
      { type: 'InternalIP', address: '192.0.2.1' },
    ];
    const used: string[] = [];
    const done = new AbortController();
    const serving = new ServingCertificate({
      client: cluster,
      nodeName: 'node-1',
      certDir: folder,
      clock,
      logger,
      signal: done.signal,
      addresses: () => addresses,
      use: (pem) => used.push(pem),
    });
    const running = serving.run();
    await until(() => used.length === 1);
    expect(parseCertificate(used[0] as string)).toMatchObject({
      dnsNames: ['node-1'],
      ips: ['192.0.2.1'],
      commonName: 'system:node:node-1',
    });
    addresses = [
      { type: 'Hostname', address: 'node-1' },
      { type: 'InternalIP', address: '192.0.2.2' },
    ];
    serving.check();
    await until(() => used.length === 2);
    expect(parseCertificate(used[1] as string).ips).toEqual(['192.0.2.2']);
    done.abort();
    await running;
    stop.abort();
    const [request] = cluster.all(certificateSigningRequests);
    expect(request?.spec).toMatchObject({
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
    });
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 2000) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function bootstrapKubeconfig(port: number): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:${port}'}}]
users: [{name: u, user: {token: abc}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`;
}

async function answerSigning(
  request: import('node:http').IncomingMessage,
  response: import('node:http').ServerResponse,
  authority: TestAuthority,
  posted: string[],
): Promise<void> {
  const state = signing;
  if (request.method === 'POST') {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const object = JSON.parse(Buffer.concat(chunks).toString()) as {
      metadata: { name: string; uid?: string; resourceVersion?: string };
      spec: { request: string; signerName: string };
      status?: object;
    };
    posted.push(object.spec.signerName);
    const pem = await authority.sign(Buffer.from(object.spec.request, 'base64').toString());
    object.metadata = { ...object.metadata, uid: '1', resourceVersion: '1' };
    state.object = { ...object, status: { certificate: Buffer.from(pem).toString('base64') } };
    response.end(JSON.stringify(object));
    return;
  }
  response.end(JSON.stringify(state.object));
}

const signing: { object?: object } = {};
