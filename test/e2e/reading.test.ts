/** What a new user looks at first. */

import { kubectls } from './kubectl.js';
import { isReady, podsOf, runtime } from './lab.js';

describe.each(kubectls.map((client) => [client.name, client] as const))('%s', (_name, client) => {
  test('version', async () => {
    const { serverVersion } = JSON.parse(await client.run(['version', '-o', 'json'])) as {
      serverVersion: { major: string; minor: string; gitVersion: string };
    };
    expect(serverVersion).toMatchObject({ major: '1', minor: '34', gitVersion: expect.stringMatching(/^v1\.34\.\d+/) });
  });

  test('cluster-info', async () => {
    const output = await client.run(['cluster-info']);
    expect(output).toMatch(/Kubernetes (control plane|master).* is running at .*https:\/\/127\.0\.0\.1:\d+/);
    expect(output).toMatch(/DNS.* is running at .*\/api\/v1\/namespaces\/kube-system\/services\/kube-dns:dns\/proxy/);
  });

  test('api-resources and api-versions', async () => {
    const resources = await client.run(['api-resources']);
    expect(resources).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m);
    expect(resources).toMatch(/^pods\s+po\s+v1\s+true\s+Pod$/m);
    expect(resources).toMatch(/^nodes\s+no\s+v1\s+false\s+Node$/m);
    const versions = (await client.run(['api-versions'])).trim().split('\n');
    expect(versions).toEqual(
      expect.arrayContaining(['v1', 'apps/v1', 'batch/v1', 'rbac.authorization.k8s.io/v1', 'discovery.k8s.io/v1']),
    );
  });

  test('get nodes -o wide has upstream’s columns', async () => {
    const [header = '', ...rows] = (await client.run(['get', 'nodes', '-o', 'wide'])).trim().split('\n');
    expect(header.split(/\s{2,}/)).toEqual([
      'NAME',
      'STATUS',
      'ROLES',
      'AGE',
      'VERSION',
      'INTERNAL-IP',
      'EXTERNAL-IP',
      'OS-IMAGE',
      'KERNEL-VERSION',
      'CONTAINER-RUNTIME',
    ]);
    expect(rows).toHaveLength(3);
    for (const row of rows)
      expect(row).toMatch(
        /^node-\d\s+Ready\s+<none>\s+\S+\s+v1\.34\S*\s+\d+\.\d+\.\d+\.\d+\s+<none>\s+.+\s(docker|containerd):\/\/\d/,
      );
    expect(rows.every((row) => row.includes(` ${runtime}://`))).toBe(true);
  });

  test('describe node', async () => {
    const output = await client.run(['describe', 'node', 'node-1']);
    for (const part of [
      /Ready\s+True .*KubeletReady\s+kubelet is posting ready status/,
      /Allocatable:/,
      /PodCIDR:\s+10\.244\.\d+\.0\/24/,
      /Allocated resources:/,
      /HolderIdentity:\s+node-1/,
    ]) {
      expect(output).toMatch(part);
    }
  });

  test('get all -A shows the cluster’s own DNS', async () => {
    const output = await client.run(['get', 'all', '-A']);
    expect(output).toMatch(/kube-system\s+pod\/coredns-\S+\s+1\/1\s+Running/);
    expect(output).toMatch(/default\s+service\/kubernetes\s+ClusterIP\s+10\.96\.0\.1\s+<none>\s+443\/TCP/);
    expect(output).toMatch(/kube-system\s+service\/kube-dns\s+ClusterIP\s+10\.96\.0\.10\s+<none>\s+53\/UDP,53\/TCP/);
    expect(output).toMatch(/kube-system\s+deployment\.apps\/coredns\s+/);
    const pods = await podsOf(client, 'kube-system', 'k8s-app=kube-dns');
    // Those that ended with a node that was shut down stay, as Failed.
    const living = pods.filter(({ status }) => status.phase !== 'Failed');
    expect(living).toHaveLength(2);
    expect(living.filter((pod) => !isReady(pod))).toEqual([]);
  });

  test('explain', async () => {
    const output = await client.run(['explain', 'pod.spec.containers']);
    expect(output).toMatch(/KIND:\s+Pod/);
    expect(output).toMatch(/imagePullPolicy\s+<string>/);
    expect(await client.run(['explain', 'deployment.spec.strategy.rollingUpdate'])).toMatch(/maxSurge/);
    expect((await client.try(['explain', 'pod.spec.nonsense'])).stderr).toMatch(/field "nonsense" does not exist/);
  });

  test('auth can-i', async () => {
    expect((await client.run(['auth', 'can-i', 'create', 'pods'])).trim()).toBe('yes');
    const asNobody = await client.try(['auth', 'can-i', 'create', 'pods', '--as', 'nobody']);
    expect(asNobody).toMatchObject({ code: 1, stdout: expect.stringMatching(/^no/) });
    expect((await client.run(['auth', 'can-i', 'get', 'nodes', '--as', 'system:kube-scheduler'])).trim()).toBe('yes');
    expect((await client.try(['auth', 'can-i', 'delete', 'nodes', '--as', 'system:kube-scheduler'])).code).toBe(1);
    expect(await client.run(['auth', 'can-i', '--list'])).toMatch(/\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/);
  });

  test('proxy and curl /version', async () => {
    const proxy = client.start(['proxy', '--port=0']);
    try {
      const [, port] = await proxy.until(/Starting to serve on 127\.0\.0\.1:(\d+)/);
      const answer = (await (await fetch(`http://127.0.0.1:${port}/version`)).json()) as { major: string };
      expect(answer.major).toBe('1');
    } finally {
      await proxy.stop();
    }
  });
});
