import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { TestAuthority, type TestPair } from '../testing/test-certificates.js';
import { TestNode } from '../testing/test-node.js';

const patience = 30_000;

interface Answer {
  code: number;
  body: string;
}

describe('the kubelet’s server', () => {
  let folder: string;
  let authority: TestAuthority;
  let admin: TestPair;
  let node: TestNode;
  let port: number;
  let streaming: Server;
  const asked: { spec: { user?: string; groups?: string[]; resourceAttributes?: { subresource?: string } } }[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubelet-server-'));
    authority = await TestAuthority.create();
    admin = await authority.issue({ commonName: 'kube-apiserver', organizations: ['system:masters'] });
    const serving = await authority.issue({
      commonName: 'system:node:node-1',
      dnsNames: ['node-1'],
      ips: ['127.0.0.1'],
    });
    await writeFile(join(folder, 'tls.crt'), serving.cert);
    await writeFile(join(folder, 'tls.key'), serving.key);
    port = await freePort();
    streaming = await startStreaming();
    node = await TestNode.start({
      config: { port, 'tls-cert-file': join(folder, 'tls.crt'), 'tls-private-key-file': join(folder, 'tls.key') },
      clientCa: Buffer.from(authority.cert),
      prepare: ({ cluster, runtime }) => {
        cluster.respond = (type, _subresource, body) => review(type, body as (typeof asked)[number]);
        runtime.streamUrl = () => `http://127.0.0.1:${(streaming.address() as AddressInfo).port}/exec/token`;
      },
    });
    await node.createPod('web', { containers: [{ name: 'app', image: 'app:1' }] });
    await node.untilReady('web');
  }, patience);

  afterAll(async () => {
    await node.stop();
    streaming.close();
    await rm(folder, { recursive: true, force: true });
  });

  function review(type: string, body: (typeof asked)[number]): unknown {
    if (type === 'tokenreviews') {
      const { token } = body.spec as { token?: string };
      return {
        status:
          token === 'good'
            ? { authenticated: true, user: { username: 'joe', groups: ['devs'] } }
            : { authenticated: false },
      };
    }
    asked.push(body);
    const allowed =
      body.spec.groups?.includes('system:masters') ||
      (body.spec.user === 'joe' && body.spec.resourceAttributes?.subresource === 'metrics');
    return { status: { allowed } };
  }

  function get(path: string, options: { pair?: TestPair; token?: string; method?: string } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method: options.method ?? 'GET',
          ca: authority.cert,
          agent: false,
          ...(options.pair ?? {}),
          headers: options.token ? { Authorization: `Bearer ${options.token}` } : {},
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  test('tells anybody that it is healthy and nobody anything else', async () => {
    expect(await get('/healthz')).toEqual({ code: 200, body: 'ok' });
    expect(await get('/pods')).toEqual({ code: 401, body: 'Unauthorized\n' });
    expect(await get('/nonsense')).toMatchObject({ code: 401 });
    expect(await get('/pods', { token: 'bad' })).toMatchObject({ code: 401 });
  });

  test('does not believe a certificate of another CA', async () => {
    const stranger = await (await TestAuthority.create()).issue({
      commonName: 'kube-apiserver',
      organizations: ['system:masters'],
    });
    expect(await get('/pods', { pair: stranger })).toMatchObject({ code: 401 });
  });

  test('asks the API server what a user may do', async () => {
    expect(await get('/metrics', { token: 'good' })).toMatchObject({
      code: 200,
      body: expect.stringContaining('kubelet_running_pods 1'),
    });
    expect(await get('/pods', { token: 'good' })).toEqual({
      code: 403,
      body: 'Forbidden (user=joe, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    });
    expect(asked.find(({ spec }) => spec.user === 'joe')?.spec).toMatchObject({
      groups: ['devs'],
      resourceAttributes: { verb: 'get', resource: 'nodes', name: 'node-1' },
    });
  });

  test('lists its pods', async () => {
    const { body } = await get('/pods', { pair: admin });
    expect(JSON.parse(body)).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'web' }, status: { phase: 'Running' } }],
    });
    expect(JSON.parse((await get('/runningpods', { pair: admin })).body)).toMatchObject({
      items: [{ spec: { containers: [{ name: 'app' }] } }],
    });
    expect(JSON.parse((await get('/configz', { pair: admin })).body)).toMatchObject({
      kubeletconfig: { clusterDomain: 'cluster.local', maxPods: 110, authorization: { mode: 'Webhook' } },
    });
  });

  test('gives the log of a container', async () => {
    const [container] = node.runtime.named('app');
    if (!container) throw new Error('no container');
    for (const line of ['one', 'two', 'three']) node.runtime.log(container, line);
    const path = '/containerLogs/default/web/app';
    expect(await get(path, { pair: admin })).toEqual({ code: 200, body: 'one\ntwo\nthree\n' });
    expect(await get(`${path}?tailLines=1`, { pair: admin })).toEqual({ code: 200, body: 'three\n' });
    expect(await get(`${path}?limitBytes=5`, { pair: admin })).toEqual({ code: 200, body: 'one\nt' });
    expect((await get(`${path}?timestamps=true&tailLines=1`, { pair: admin })).body).toMatch(
      /^\d{4}-\d\d-\d\dT\S+ three\n$/,
    );
    expect(await get(`${path}?tailLines=-1`, { pair: admin })).toMatchObject({ code: 422 });
    expect(await get(`${path}?previous=true`, { pair: admin })).toEqual({
      code: 400,
      body: 'previous terminated container "app" in pod "web" not found\n',
    });
    expect(await get('/containerLogs/default/web/nosuch', { pair: admin })).toEqual({
      code: 400,
      body: 'container "nosuch" in pod "web" is not available\n',
    });
    expect(await get('/containerLogs/default/nosuch/app', { pair: admin })).toEqual({
      code: 404,
      body: 'pod "nosuch" not found\n',
    });
  });

  test(
    'follows a log until the container ends',
    async () => {
      node.runtime.images.set('talk:1', {});
      await node.createPod('talker', { restartPolicy: 'Never', containers: [{ name: 'talker', image: 'talk:1' }] });
      await node.untilReady('talker');
      const [container] = node.runtime.named('talker');
      if (!container) throw new Error('no container');
      const followed = get('/containerLogs/default/talker/talker?follow=true', { pair: admin });
      node.runtime.log(container, 'first');
      await new Promise((resolve) => setTimeout(resolve, 50));
      node.runtime.log(container, 'last');
      node.runtime.exit(container.id, 0);
      expect(await followed).toEqual({ code: 200, body: 'first\nlast\n' });
    },
    patience,
  );

  test('hands a streaming connection to the runtime, byte for byte', async () => {
    const received = await upgrade('/exec/default/web/app?command=ls&command=-l&input=1&output=1&tty=1');
    expect(received).toContain('HTTP/1.1 101 Switching Protocols');
    expect(received).toContain('POST /exec/token HTTP/1.1');
    expect(received).toContain('X-Stream-Protocol-Version: v4.channel.k8s.io');
    expect(received).toContain('ping');
    expect(node.runtime.callsOf('exec')).toMatchObject([
      { cmd: ['ls', '-l'], stdin: true, stdout: true, stderr: false, tty: true },
    ]);
    expect(received).not.toContain('Authorization');
  });

  test('takes a command of any length that the API server takes', async () => {
    const command = 'x'.repeat(200_000);
    expect(await upgrade(`/exec/default/web/app?command=${command}&output=1`)).toContain('101 Switching Protocols');
    expect(node.runtime.callsOf('exec').at(-1)).toMatchObject({ cmd: [command] });
  });

  test('refuses to stream where there is nothing to stream to', async () => {
    expect(await upgrade('/exec/default/web/nosuch?command=ls')).toMatch(
      /^HTTP\/1\.1 500 [\s\S]*container not found \("nosuch"\)/,
    );
    expect(await upgrade('/exec/default/nosuch/app?command=ls')).toMatch(/^HTTP\/1\.1 404 [\s\S]*pod does not exist/);
    expect(await get('/exec/default/web/app?command=ls', { pair: admin, method: 'POST' })).toEqual({
      code: 400,
      body: 'Upgrade request required\n',
    });
  });

  function upgrade(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, ...admin });
      let text = '';
      socket.on('secureConnect', () => {
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: node-1\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nping`,
        );
      });
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        if (text.includes('ping')) socket.end();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Accepts any upgrade and sends back whatever it gets, its head included. */
async function startStreaming(): Promise<Server> {
  const server = createServer((socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
    socket.pipe(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
