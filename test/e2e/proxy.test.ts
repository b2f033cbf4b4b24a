/** The proxy subresources of services, pods and nodes: the API server's own way to pods, also through `kubectl proxy`. */

import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace, nodeNames, project, untilReady } from './lab.js';
import { type Running, run } from './process.js';

/** Answers one WebSocket handshake after the other with a greeting, in the shell's own words. */
const webSocketScript = [
  'while read -r name value; do',
  '  value=$(echo "$value" | tr -d "\\r")',
  '  case $(echo "$name" | tr "[:upper:]" "[:lower:]") in',
  '    sec-websocket-key:) key=$value ;;',
  '    "$(printf "\\r")") break ;;',
  '  esac',
  'done',
  'accept=$(printf "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11" "$key" | sha1sum | cut -d" " -f1 | xxd -r -p | base64)',
  'printf "HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n" "$accept"',
  'printf "\\201\\005hello"',
  'sleep 2',
].join('\n');

const objects = (namespace: string): object => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'named', namespace },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 8080, targetPort: 80 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'socket', namespace },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'socket',
            image: 'busybox',
            env: [{ name: 'SCRIPT', value: webSocketScript }],
            command: ['sh', '-c', 'while :; do nc -l -p 8000 -e sh -c "$SCRIPT"; done'],
            ports: [{ containerPort: 8000 }],
          },
        ],
      },
    },
  ],
});

let space: Awaited<ReturnType<typeof makeNamespace>>;
let proxy: Running;
let port: string;

const raw = (path: string): Promise<string> => kubectl.run(['get', '--raw', path]);
const path = (rest: string): string => `/api/v1/namespaces/${space.name}/${rest}`;
const ask = (rest: string, options?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path(rest)}`, { redirect: 'manual', ...options });

beforeAll(async () => {
  space = await makeNamespace('proxy');
  await kubectl.run(['-n', space.name, 'create', 'deployment', 'web', '--image=nginx', '--replicas=2']);
  await kubectl.run(['-n', space.name, 'expose', 'deployment', 'web', '--port=80']);
  await kubectl.run(['apply', '-f', '-'], { input: JSON.stringify(objects(space.name)) });
  await untilReady(kubectl, space.name, 'app=web', 2);
  await kubectl.run(['-n', space.name, 'wait', '--for=condition=Ready', 'pod/socket', '--timeout=60s']);
  proxy = kubectl.start(['proxy', '--port=0']);
  port = (await proxy.until(/Starting to serve on 127\.0\.0\.1:(\d+)/))[1] ?? '';
});
afterAll(async () => {
  await proxy.stop();
  await space.remove();
});

test('a service answers by its name, its port and its port’s name, from all of its pods', async () => {
  for (const name of ['web', 'web:80', 'http:web:80', ':web:', 'named:8080', 'named:http']) {
    await eventually(async () => expect(await raw(path(`services/${name}/proxy/`))).toMatch(/nginx/i), {
      what: `service ${name}`,
      timeoutMs: 20_000,
    });
  }
});

test('a pod answers on the port that it declares and on any other that is named', async () => {
  const [web] = await untilReady(kubectl, space.name, 'app=web', 2);
  expect(await raw(path(`pods/${web?.metadata.name}/proxy/`))).toMatch(/nginx/i);
  expect(await raw(path(`pods/${web?.metadata.name}:80/proxy/index.html`))).toMatch(/nginx/i);
});

test('a kubelet answers through its node', async () => {
  for (const node of await nodeNames()) {
    expect(await raw(`/api/v1/nodes/${node}/proxy/healthz`)).toBe('ok');
    expect(await raw(`/api/v1/nodes/${node}/proxy/metrics`)).toMatch(/^# HELP /m);
    expect(JSON.parse(await raw(`/api/v1/nodes/${node}/proxy/pods`))).toMatchObject({ kind: 'PodList' });
  }
});

test('through kubectl proxy: the missing slash, methods, statuses', async () => {
  const bare = await ask('services/web/proxy?x=1');
  expect([bare.status, bare.headers.get('location')]).toEqual([301, path('services/web/proxy/?x=1')]);
  expect((await ask('services/web/proxy/no/such/page')).status).toBe(404);
  expect((await ask('services/web/proxy/', { method: 'POST', body: 'x' })).status).toBe(405);
  expect((await ask('services/web/proxy/', { method: 'HEAD' })).status).toBe(200);
});

test('what cannot be reached is told in upstream’s words', async () => {
  const failure = async (rest: string): Promise<[number, string, string]> => {
    const answer = await ask(rest);
    const { message, reason } = (await answer.json()) as { message: string; reason: string };
    return [answer.status, reason, message];
  };
  const [web] = await untilReady(kubectl, space.name, 'app=web', 2);
  expect(await failure(`pods/${web?.metadata.name}:81/proxy/`)).toEqual([
    503,
    'ServiceUnavailable',
    `error trying to reach service: dial tcp ${web?.status.podIP}:81: connect: connection refused`,
  ]);
  await kubectl.run(['-n', space.name, 'create', 'service', 'clusterip', 'empty', '--tcp=80']);
  await eventually(async () =>
    expect(await failure('services/empty/proxy/')).toEqual([
      503,
      'ServiceUnavailable',
      'no endpoints available for service "empty"',
    ]),
  );
  expect(await failure('services/named/proxy/')).toEqual([
    503,
    'ServiceUnavailable',
    'no endpoints available for service "named"',
  ]);
  expect((await failure('services/gone/proxy/')).slice(0, 2)).toEqual([404, 'NotFound']);
  expect((await failure('pods/a:b:c:d/proxy/')).slice(0, 2)).toEqual([400, 'BadRequest']);
});

test('who may read services may not yet use their proxy', async () => {
  const user = `system:serviceaccount:${space.name}:default`;
  await kubectl.run(['-n', space.name, 'create', 'rolebinding', 'v', '--clusterrole=view', `--user=${user}`]);
  const { stderr } = await kubectl.try(['--as', user, 'get', '--raw', path('services/web/proxy/')]);
  expect(stderr).toContain(
    `services "web" is forbidden: User "${user}" cannot get resource "services/proxy" in API group "" in the namespace "${space.name}"`,
  );
});

test('a WebSocket goes through kubectl proxy to a pod', async () => {
  const key = randomBytes(16).toString('base64');
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
  };
  const answer = await new Promise<{ status: number; accept: unknown; bytes: Buffer }>((resolve, reject) => {
    const outgoing = request({ port, path: path('pods/socket/proxy/chat?room=1'), headers });
    outgoing.once('error', reject);
    outgoing.once('response', ({ statusCode }) => reject(new Error(`answered with ${statusCode}`)));
    outgoing.once('upgrade', (response, socket, head) => {
      let bytes = head;
      const check = (): void => {
        if (bytes.length < 7) return;
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, accept: response.headers['sec-websocket-accept'], bytes });
      };
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        check();
      });
      check();
    });
    outgoing.end();
  });
  expect(answer.status).toBe(101);
  expect(answer.accept).toBe(createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64'));
  expect(answer.bytes.toString('latin1')).toBe('\x81\x05hello');
});

test('pods are reached again after the API server or its kube-proxy has died', async () => {
  const filters = [`label=com.docker.compose.project=${project}`, 'label=com.docker.compose.service=apiserver'];
  const id = (await run('docker', ['ps', '-q', ...filters.flatMap((filter) => ['--filter', filter])])).stdout.trim();
  const untilReached = (): Promise<unknown> =>
    eventually(() => raw(path('services/web/proxy/')), { what: 'the service', timeoutMs: 60_000, intervalMs: 300 });
  // SIGKILL at once; the container comes back with an empty network namespace.
  await run('docker', ['restart', '-t', '0', id]);
  await untilReached();
  const killed = await run('docker', [
    'exec',
    id,
    'sh',
    '-c',
    'kill -9 $(grep -lz [k]ube-proxy.mjs /proc/[0-9]*/cmdline | cut -d/ -f3)',
  ]);
  expect(killed.code).toBe(0);
  const pod = await untilReady(kubectl, space.name, 'app=web', 2);
  await kubectl.run(['-n', space.name, 'delete', 'pod', pod[0]?.metadata.name ?? '']);
  await untilReady(kubectl, space.name, 'app=web', 2);
  await untilReached();
});
