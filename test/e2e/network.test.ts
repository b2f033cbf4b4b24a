/** Services and names, from pods on every node and from the host. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace, nodeNames, startShell, untilReady } from './lab.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
let nodes: string[];

const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];
const inPod = (pod: string, command: string) =>
  kubectl.try(inSpace('exec', pod, '--', 'sh', '-c', command), { timeoutMs: 20_000 });

beforeAll(async () => {
  space = await makeNamespace('net');
  nodes = await nodeNames();
  await kubectl.run(inSpace('create', 'deployment', 'web', '--image=nginx', '--replicas=3'));
  await kubectl.run(inSpace('expose', 'deployment', 'web', '--port=80', '--type=NodePort'));
  for (const node of nodes) await startShell(space.name, `shell-${node}`, node);
  await untilReady(kubectl, space.name, 'app=web', 3);
  for (const node of nodes)
    await kubectl.run(inSpace('wait', '--for=condition=Ready', `pod/shell-${node}`, '--timeout=60s'));
});
afterAll(() => space.remove());

test('resolv.conf of a pod is upstream’s', async () => {
  const { stdout } = await inPod(`shell-${nodes[0]}`, 'cat /etc/resolv.conf');
  expect(stdout).toMatch(/^nameserver 10\.96\.0\.10$/m);
  expect(stdout).toMatch(
    new RegExp(`^search ${space.name}\\.svc\\.cluster\\.local svc\\.cluster\\.local cluster\\.local`, 'm'),
  );
  expect(stdout).toMatch(/^options ndots:5$/m);
});

test('the cluster IP and all names of the service answer from every node', async () => {
  const ip = await kubectl.run(inSpace('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'));
  for (const node of nodes) {
    for (const host of [ip, 'web', `web.${space.name}`, `web.${space.name}.svc.cluster.local`]) {
      await eventually(
        async () => {
          const { stdout, stderr } = await inPod(`shell-${node}`, `wget -q -T 5 -O - http://${host}/`);
          if (!/nginx/i.test(stdout)) throw new Error(`${host} from ${node}: ${stdout}${stderr}`);
        },
        { what: `${host} from ${node}`, timeoutMs: 20_000 },
      );
    }
  }
});

test('a service spreads over its endpoints, also those on other nodes', async () => {
  const { stdout } = await inPod(
    `shell-${nodes[0]}`,
    'for i in $(seq 1 40); do wget -q -T 5 -O /dev/null http://web/ || echo failed; done',
  );
  expect(stdout).toBe('');
  const pods = await untilReady(kubectl, space.name, 'app=web', 3);
  for (const { metadata } of pods) {
    expect(await kubectl.run(inSpace('logs', metadata.name))).toMatch(/GET \/ HTTP\/1\.1/);
  }
});

test('pods reach each other directly and see each other’s own address', async () => {
  const [first, second] = nodes;
  const address = await kubectl.run(inSpace('get', 'pod', `shell-${first}`, '-o', 'jsonpath={.status.podIP}'));
  const [web] = (await untilReady(kubectl, space.name, 'app=web', 3)).filter(({ spec }) => spec.nodeName === second);
  const { code } = await inPod(`shell-${first}`, `wget -q -T 5 -O /dev/null http://${web?.status.podIP}/`);
  expect(code).toBe(0);
  await eventually(async () =>
    expect(await kubectl.run(inSpace('logs', web?.metadata.name ?? '', '--tail=20'))).toContain(address),
  );
});

test('a node port on each node’s address answers from the host', async () => {
  const port = await kubectl.run(inSpace('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}'));
  expect(Number(port)).toBeGreaterThanOrEqual(30_000);
  const addresses = (
    await kubectl.run(['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'])
  ).split(' ');
  expect(addresses).toHaveLength(nodes.length);
  for (const address of addresses) {
    await eventually(async () => expect((await fetch(`http://${address}:${port}/`)).status).toBe(200), {
      what: `${address}:${port}`,
      timeoutMs: 20_000,
    });
  }
});

test('a service without endpoints refuses at once', async () => {
  await kubectl.run(inSpace('create', 'service', 'clusterip', 'empty', '--tcp=80'));
  await eventually(
    async () => {
      const { stderr } = await inPod(`shell-${nodes[0]}`, 'wget -T 10 -O - http://empty/');
      expect(stderr).toMatch(/refused/);
    },
    { what: 'a refused connection', timeoutMs: 20_000 },
  );
});

test('a pod reaches the API server with its service account, and only what it may', async () => {
  const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
  const { stdout } = await inPod(`shell-${nodes[1]}`, `ls ${folder}; cat ${folder}/namespace`);
  expect(stdout).toMatch(/ca\.crt\nnamespace\ntoken\n/);
  expect(stdout).toContain(space.name);
  const token = (await inPod(`shell-${nodes[1]}`, `cat ${folder}/token`)).stdout.trim();
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
    string,
    unknown
  >;
  expect(claims).toMatchObject({
    sub: `system:serviceaccount:${space.name}:default`,
    'kubernetes.io': { pod: { name: `shell-${nodes[1]}` } },
  });
  // A kubeconfig without the admin's certificate, so that only the token counts.
  const view = JSON.parse(await kubectl.run(['config', 'view', '--raw', '--minify', '-o', 'json'])) as {
    clusters: { cluster: { server: string } }[];
  };
  const config = {
    ...view,
    users: [{ name: 'pod', user: { token } }],
    contexts: [{ name: 'pod', context: { cluster: 'c', user: 'pod' } }],
    'current-context': 'pod',
  };
  config.clusters = config.clusters.map((item) => ({ ...item, name: 'c' }));
  const path = join(mkdtempSync(join(tmpdir(), 'kubelab-e2e-')), 'config');
  writeFileSync(path, JSON.stringify(config));
  try {
    const refused = await kubectl.try(['--kubeconfig', path, 'get', 'pods', '-n', space.name]);
    expect(refused.stderr).toContain(
      `pods is forbidden: User "system:serviceaccount:${space.name}:default" cannot list resource "pods" in API group "" in the namespace "${space.name}"`,
    );
    await kubectl.run(
      inSpace('create', 'rolebinding', 'see', '--clusterrole=view', `--serviceaccount=${space.name}:default`),
    );
    await eventually(() => kubectl.run(['--kubeconfig', path, 'get', 'pods', '-n', space.name]), {
      what: 'the role to count',
      timeoutMs: 10_000,
    });
  } finally {
    rmSync(dirname(path), { recursive: true, force: true });
  }
});
