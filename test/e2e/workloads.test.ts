/** Running things, changing them, and what happens when they are deleted. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectls } from './kubectl.js';
import { makeNamespace, nodeNames, podsOf, untilReady } from './lab.js';

describe.each(kubectls.map((client) => [client.name, client] as const))('%s', (_name, client) => {
  let space: Awaited<ReturnType<typeof makeNamespace>>;
  beforeAll(async () => {
    space = await makeNamespace('work');
  });
  afterAll(() => space.remove());

  const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];

  test('run, get -w, describe, delete', async () => {
    const watch = client.start(inSpace('get', 'pods', '-o', 'wide', '-w'));
    try {
      await client.run(inSpace('run', 'nginx', '--image=nginx', '--port=80'));
      await client.run(inSpace('wait', '--for=condition=Ready', 'pod/nginx', '--timeout=60s'));
      await watch.until(/^nginx\s+1\/1\s+Running\s+0\s+\S+\s+10\.244\.\d+\.\d+\s+node-\d\s+<none>\s+<none>/m);
      expect(watch.output()).toMatch(
        /NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES/,
      );
      expect(watch.output()).toMatch(/^nginx\s+0\/1\s+(Pending|ContainerCreating)/m);
    } finally {
      await watch.stop();
    }
    const description = await client.run(inSpace('describe', 'pod', 'nginx'));
    for (const part of [
      /Status:\s+Running/,
      /Image:\s+nginx\n/,
      /Ready\s+True/,
      /Normal\s+Scheduled\s.*Successfully assigned \S+\/nginx to node-\d/,
      /Normal\s+(Pulled|Pulling)\s/,
      /Normal\s+Created\s.*Created container/,
      /Normal\s+Started\s.*Started container/,
    ]) {
      expect(description).toMatch(part);
    }
    expect(await client.run(inSpace('get', 'events'))).toMatch(/Normal\s+Started\s+pod\/nginx\s+Started container/);
    await client.run(inSpace('delete', 'pod', 'nginx'));
    expect((await client.try(inSpace('get', 'pod', 'nginx'))).stderr).toMatch(/pods "nginx" not found/);
  });

  test('a deployment spreads over the nodes, scales, and replaces what is deleted', async () => {
    await client.run(inSpace('create', 'deployment', 'web', '--image=nginx', '--replicas=3'));
    const pods = await untilReady(client, space.name, 'app=web', 3);
    expect(new Set(pods.map(({ spec }) => spec.nodeName))).toEqual(new Set(await nodeNames()));
    await eventually(async () =>
      expect(await client.run(inSpace('get', 'deployment', 'web'))).toMatch(/^web\s+3\/3\s+3\s+3\s/m),
    );
    await client.run(inSpace('scale', 'deployment', 'web', '--replicas=5'));
    await untilReady(client, space.name, 'app=web', 5);
    await client.run(inSpace('scale', 'deployment', 'web', '--replicas=2'));
    const [first] = await untilReady(client, space.name, 'app=web', 2);
    await client.run(inSpace('delete', 'pod', first?.metadata.name ?? ''));
    const after = await untilReady(client, space.name, 'app=web', 2);
    expect(after.map(({ metadata }) => metadata.uid)).not.toContain(first?.metadata.uid);
  });

  test('set image, rollout status, history and undo', async () => {
    await client.run(inSpace('set', 'image', 'deployment/web', 'nginx=nginx:1.22'));
    expect(await client.run(inSpace('rollout', 'status', 'deployment/web', '--timeout=90s'))).toMatch(
      /deployment "web" successfully rolled out/,
    );
    const image = (): Promise<string> =>
      client.run(inSpace('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'));
    expect(await image()).toBe('nginx:1.22');
    expect(await client.run(inSpace('rollout', 'history', 'deployment/web'))).toMatch(/^1\s+.*\n2\s+/m);
    await client.run(inSpace('rollout', 'undo', 'deployment/web'));
    await client.run(inSpace('rollout', 'status', 'deployment/web', '--timeout=90s'));
    expect(await image()).toBe('nginx');
    expect(await client.run(inSpace('rollout', 'history', 'deployment/web'))).toMatch(/^2\s+.*\n3\s+/m);
    expect(await client.run(inSpace('describe', 'deployment', 'web'))).toMatch(
      /Normal\s+ScalingReplicaSet\s.*Scaled (up|down) replica set web-/,
    );
  });

  test('expose', async () => {
    await client.run(inSpace('expose', 'deployment', 'web', '--port=80'));
    expect(await client.run(inSpace('get', 'service', 'web'))).toMatch(
      /^web\s+ClusterIP\s+10\.\d+\.\d+\.\d+\s+<none>\s+80\/TCP/m,
    );
    await eventually(async () =>
      expect(await client.run(inSpace('get', 'endpoints', 'web'))).toMatch(/^web\s+10\.244\.\S+:80,10\.244\.\S+:80/m),
    );
    await eventually(async () =>
      expect(await client.run(inSpace('get', 'endpointslices'))).toMatch(/^web-\S+\s+IPv4\s+80\s+10\.244\./m),
    );
  });

  test('deleting the deployment takes its pods along', async () => {
    await client.run(inSpace('delete', 'deployment', 'web'));
    await eventually(async () => expect(await podsOf(client, space.name, 'app=web')).toEqual([]), {
      what: 'pods to be gone',
    });
    expect((await client.run(inSpace('get', 'replicasets', '-o', 'name'))).trim()).toBe('');
  });

  test('deleting a namespace empties it', async () => {
    const other = await makeNamespace('gone');
    await client.run(['-n', other.name, 'create', 'configmap', 'c', '--from-literal=a=b']);
    await client.run(['-n', other.name, 'run', 'nginx', '--image=nginx']);
    await client.run(['delete', 'namespace', other.name, '--timeout=80s']);
    expect((await client.try(['get', 'namespace', other.name])).stderr).toMatch(/not found/);
  });
});
