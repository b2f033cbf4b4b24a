import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  certificateSigningRequests,
  clusterRoles,
  configMaps,
  deployments,
  endpointSlices,
  endpoints,
  nodes,
  podDisruptionBudgets,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
} from '@kubelab/api/resource-types';
import type { Secret } from '@kubelab/api/types';
import { eventually } from '@kubelab/testkit/eventually';
import * as x509 from '@peculiar/x509';
import { makeDeployment, podsOf, rolledOut } from './testing/rollouts.js';
import { startWorkbench, type Workbench } from './testing/workbench.js';

let bench: Workbench;

beforeAll(async () => {
  bench = await startWorkbench({ 'legacy-token-secrets': true });
});
afterAll(() => bench?.close());

describe('a Service', () => {
  test('has Endpoints and slices of its ready pods', async () => {
    const { client } = bench;
    const namespace = await bench.space('service');
    await makeDeployment(bench, namespace);
    await client.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await rolledOut(bench, namespace, 'v1');
    const ips = (await podsOf(bench, namespace)).map(({ status }) => status?.podIP).sort();
    await eventually(async () => {
      const { subsets } = await client.get(endpoints, 'web', namespace);
      expect(subsets?.[0]?.addresses?.map(({ ip }) => ip).sort()).toEqual(ips);
      const [slice] = (await client.list(endpointSlices, namespace)).items;
      expect(slice?.endpoints?.map(({ addresses }) => addresses[0]).sort()).toEqual(ips);
      expect(slice?.ports).toEqual([{ name: '', port: 8080, protocol: 'TCP' }]);
    });
    await client.delete(services, 'web', namespace);
    await bench.gone(endpoints, 'web', namespace);
    await eventually(async () => expect((await client.list(endpointSlices, namespace)).items).toEqual([]));
  });

  test('without a selector has its handwritten Endpoints mirrored', async () => {
    const { client } = bench;
    const namespace = await bench.space('mirrored');
    const metadata = { name: 'outside', namespace };
    await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 5432 }] } });
    const subsets = [{ addresses: [{ ip: '192.0.2.10' }], ports: [{ port: 5432 }] }];
    await client.create(endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
    await eventually(async () => {
      const [slice] = (await client.list(endpointSlices, namespace)).items;
      expect(slice?.metadata.labels).toMatchObject({
        'kubernetes.io/service-name': 'outside',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      });
      expect(slice?.endpoints).toEqual([{ addresses: ['192.0.2.10'], conditions: { ready: true } }]);
    });
    await client.delete(endpoints, 'outside', namespace);
    await eventually(async () => expect((await client.list(endpointSlices, namespace)).items).toEqual([]));
  });
});

describe('status by counting', () => {
  test('a PodDisruptionBudget knows how many may go', async () => {
    const { client } = bench;
    const namespace = await bench.space('budget');
    await makeDeployment(bench, namespace);
    await client.create(podDisruptionBudgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace },
      spec: { maxUnavailable: '34%', selector: { matchLabels: { app: 'web' } } },
    });
    await eventually(async () => {
      const { status } = await client.get(podDisruptionBudgets, 'web', namespace);
      expect(status).toMatchObject({ expectedPods: 3, desiredHealthy: 1, currentHealthy: 3, disruptionsAllowed: 2 });
      expect(status?.conditions?.[0]).toMatchObject({
        type: 'DisruptionAllowed',
        status: 'True',
        reason: 'SufficientPods',
      });
    });
  });

  test('a ResourceQuota counts down when objects go', async () => {
    const { client } = bench;
    const namespace = await bench.space('quota');
    await client.create(resourceQuotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'all', namespace },
      spec: { hard: { pods: '5', 'count/deployments.apps': '2', configmaps: '10' } },
    });
    const used = async () => (await client.get(resourceQuotas, 'all', namespace)).status?.used;
    await eventually(async () =>
      expect(await used()).toEqual({ pods: '0', 'count/deployments.apps': '0', configmaps: '1' }),
    );
    await makeDeployment(bench, namespace);
    await rolledOut(bench, namespace, 'v1');
    await eventually(async () =>
      expect(await used()).toEqual({ pods: '3', 'count/deployments.apps': '1', configmaps: '1' }),
    );
    await client.delete(deployments, 'web', namespace, { propagationPolicy: 'Background' });
    await eventually(async () =>
      expect(await used()).toEqual({ pods: '0', 'count/deployments.apps': '0', configmaps: '1' }),
    );
  });
});

describe('access', () => {
  test('a node’s certificate request is approved and signed', async () => {
    const { client } = bench;
    x509.cryptoProvider.set(webcrypto);
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: [{ O: ['system:nodes'] }, { CN: ['system:node:n9'] }],
      keys,
      signingAlgorithm: algorithm,
    });
    await client.create(certificateSigningRequests, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'n9' },
      spec: {
        request: Buffer.from(request.toString('pem')).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    });
    const certificate = await eventually(async () => {
      const { status } = await client.get(certificateSigningRequests, 'n9');
      expect(status?.conditions?.[0]).toMatchObject({ type: 'Approved', reason: 'AutoApproved' });
      expect(status?.certificate).toBeDefined();
      return new x509.X509Certificate(Buffer.from(status?.certificate ?? '', 'base64').toString());
    });
    expect(certificate.subject).toBe('O=system:nodes, CN=system:node:n9');
  });

  test('every namespace has its account, the CA, and on demand a token that works', async () => {
    const { client } = bench;
    const namespace = await bench.space('tokens');
    await eventually(async () => {
      const map = await client.get(configMaps, 'kube-root-ca.crt', namespace);
      expect(map.data?.['ca.crt']).toContain('BEGIN CERTIFICATE');
      const [secret] = (await client.list(secrets, namespace)).items;
      expect(secret).toMatchObject({ type: 'kubernetes.io/service-account-token' });
      expect(Object.keys(secret?.data ?? {}).sort()).toEqual(['ca.crt', 'namespace', 'token']);
    });
    const [first] = (await client.list(secrets, namespace)).items;
    const account = await client.get(serviceAccounts, 'default', namespace);
    expect(account.secrets).toEqual([{ name: first?.metadata.name }]);
    await client.update(serviceAccounts, {
      ...account,
      secrets: [...(account.secrets ?? []), { name: 'yet-to-come' }],
    });
    await client.update(secrets, { ...(first as Secret), data: { ...first?.data, 'ca.crt': 'AAAA' } });
    await eventually(async () => {
      const { data } = await client.get(secrets, first?.metadata.name ?? '', namespace);
      expect(data?.['ca.crt']).toBe(first?.data?.['ca.crt']);
    });
    await client.delete(secrets, first?.metadata.name ?? '', namespace);
    await eventually(async () => {
      const [another] = (await client.list(secrets, namespace)).items;
      expect(another?.metadata.name).not.toBe(first?.metadata.name);
      const names = [{ name: 'yet-to-come' }, { name: another?.metadata.name }];
      expect((await client.get(serviceAccounts, 'default', namespace)).secrets).toEqual(names);
    });
    const [secret] = (await client.list(secrets, namespace)).items;
    await client.patch(serviceAccounts, 'default', namespace, 'merge', { secrets: null });
    await eventually(async () => {
      const [listed] = (await client.get(serviceAccounts, 'default', namespace)).secrets ?? [];
      expect(listed?.name).toBeDefined();
      expect(listed?.name).not.toBe(secret?.metadata.name);
      expect((await client.get(secrets, listed?.name ?? '', namespace)).data?.['token']).toBeDefined();
    });
    await client.delete(serviceAccounts, 'default', namespace);
    await bench.gone(secrets, secret?.metadata.name ?? '', namespace);
  });

  test('an aggregated ClusterRole follows its parts', async () => {
    const { client } = bench;
    const rule = { apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get'] };
    const labels = { 'example.com/aggregate-to-widgets': 'true' };
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: labels }] };
    await client.create(clusterRoles, { ...role, metadata: { name: 'widgets' }, aggregationRule, rules: [] });
    await client.create(clusterRoles, { ...role, metadata: { name: 'widget-reader', labels }, rules: [rule] });
    await eventually(async () => expect((await client.get(clusterRoles, 'widgets')).rules).toEqual([rule]));
    await client.delete(clusterRoles, 'widget-reader');
    await eventually(async () => expect((await client.get(clusterRoles, 'widgets')).rules ?? []).toEqual([]));
    expect((await client.get(clusterRoles, 'admin')).rules?.length).toBeGreaterThan(10);
  });

  test('every node has a range of addresses, and no taints while it is well', async () => {
    await eventually(async () => {
      const all = (await bench.client.list(nodes)).items;
      expect(all.map(({ spec }) => spec.podCIDR).sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24']);
      expect(all.flatMap(({ spec }) => spec.taints ?? [])).toEqual([]);
    });
  });
});

test('no controller was refused anything', () => {
  expect(bench.cluster.complaints().filter((line) => /orbidden|ended:/.test(line))).toEqual([]);
});
