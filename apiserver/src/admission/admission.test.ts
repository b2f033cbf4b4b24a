import type { Pod } from '@kubelab/api/types';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { MemoryObjects } from '../authorization/memory-objects.js';
import type { Authorizer } from '../contracts.js';
import {
  certificateRequester,
  certificateSubjectRestriction,
  createCertificateApproval,
  createCertificateSigning,
} from './certificate-plugins.js';
import { createDefaultTolerationSeconds } from './default-toleration-seconds.js';
import { createLimitRanger } from './limit-ranger.js';
import { createNamespaceLifecycle } from './namespace-lifecycle.js';
import { taintNodesByCondition } from './node-taint.js';
import { defaultAdmissionPlugins } from './plugins.js';
import { createPriority } from './priority.js';
import { createRuntimeClass } from './runtime-class.js';
import { createServiceAccountPlugin } from './service-account.js';
import { createClaimResize, createDefaultStorageClass, storageObjectInUseProtection } from './storage-plugins.js';
import { runPlugin, testRequest } from './test-requests.js';
import { issueRequest } from './test-signing-request.js';

const namespace = 'default';
const everyone: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) };
const nobody: Authorizer = { authorize: () => ({ allowed: false, reason: '' }) };

function newPod(spec: object = {}, metadata: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace, ...metadata },
    spec: { containers: [{ name: 'a', image: 'x' }], ...spec },
  } as unknown as Pod;
}

describe('NamespaceLifecycle', () => {
  function setUp() {
    const objects = new MemoryObjects();
    objects.put('namespaces', { metadata: { name: 'team' } });
    objects.put('namespaces', {
      metadata: { name: 'going', deletionTimestamp: 'x' },
      status: { phase: 'Terminating' },
    });
    return { objects, plugin: createNamespaceLifecycle({ objects, clock: new FakeClock() }) };
  }
  const create = (name: string) => testRequest('pods', { namespace: name, object: newPod() });

  test('lets content into a namespace that is there', async () => {
    expect(await runPlugin(setUp().plugin, create('team'))).toBe('');
  });

  test('knows no namespace that is not', async () => {
    expect(await runPlugin(setUp().plugin, create('gone'))).toBe('namespaces "gone" not found');
  });

  test('refuses new content in one that is going, with a cause', async () => {
    const { plugin } = setUp();
    const error = await Promise.resolve(plugin.admit?.(create('going'))).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 403,
      message:
        'pods "web" is forbidden: unable to create new content in namespace going because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace going is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });

  test('lets what is there be changed and deleted in one that is going', async () => {
    const { plugin } = setUp();
    for (const operation of ['UPDATE', 'DELETE'] as const) {
      expect(await runPlugin(plugin, testRequest('pods', { operation, namespace: 'going', object: newPod() }))).toBe(
        '',
      );
    }
  });

  test.each(['default', 'kube-system', 'kube-public'])('%s stays', async (name) => {
    expect(await runPlugin(setUp().plugin, testRequest('namespaces', { operation: 'DELETE', name }))).toBe(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  });
});

describe('ServiceAccount', () => {
  function setUp(account: object = {}) {
    const objects = new MemoryObjects();
    objects.put('serviceaccounts', { metadata: { namespace, name: 'default' }, ...account });
    const clock = new FakeClock();
    return { objects, clock, plugin: createServiceAccountPlugin({ objects, clock }) };
  }
  const admit = async (pod: Pod, set = setUp()) => ({
    pod,
    message: await runPlugin(set.plugin, testRequest('pods', { namespace, object: pod })),
  });

  test('gives the default account and its token in every container', async () => {
    const { pod } = await admit(newPod({ initContainers: [{ name: 'i' }] }));
    expect(pod.spec.serviceAccountName).toBe('default');
    expect(pod.spec.serviceAccount).toBe('default');
    const [volume] = pod.spec.volumes ?? [];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume?.projected).toEqual({
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    });
    const mount = { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    expect(pod.spec.containers[0]?.volumeMounts).toEqual([mount]);
    expect(pod.spec.initContainers?.[0]?.volumeMounts).toEqual([mount]);
  });

  test.each<[string, object, object]>([
    ['the pod', { automountServiceAccountToken: false }, {}],
    ['the account', {}, { automountServiceAccountToken: false }],
  ])('no token when %s does not want it', async (_who, spec, account) => {
    expect((await admit(newPod(spec), setUp(account))).pod.spec.volumes).toBeUndefined();
  });

  test('the pod’s wish goes before the account’s', async () => {
    const { pod } = await admit(
      newPod({ automountServiceAccountToken: true }),
      setUp({ automountServiceAccountToken: false }),
    );
    expect(pod.spec.volumes).toHaveLength(1);
  });

  test('a mount at the same path keeps the token out', async () => {
    const volumeMounts = [{ name: 'mine', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
    expect((await admit(newPod({ containers: [{ name: 'a', volumeMounts }] }))).pod.spec.volumes).toBeUndefined();
  });

  test('pull secrets come from the account unless the pod has its own', async () => {
    const set = () => setUp({ imagePullSecrets: [{ name: 'pull' }] });
    expect((await admit(newPod(), set())).pod.spec.imagePullSecrets).toEqual([{ name: 'pull' }]);
    const own = [{ name: 'own' }];
    expect((await admit(newPod({ imagePullSecrets: own }), set())).pod.spec.imagePullSecrets).toEqual(own);
  });

  test('an account that is not there is named', async () => {
    expect((await admit(newPod({ serviceAccountName: 'foo' }))).message).toBe(
      'pods "web" is forbidden: error looking up service account default/foo: serviceaccount "foo" not found',
    );
  });

  test('the default account of a new namespace is waited for', async () => {
    const { objects, clock, plugin } = setUp();
    objects.remove('serviceaccounts', namespace, 'default');
    const running = runPlugin(plugin, testRequest('pods', { namespace, object: newPod() }));
    await clock.advance(300);
    objects.put('serviceaccounts', { metadata: { namespace, name: 'default' } });
    await clock.advance(300);
    expect(await running).toBe('');
  });

  test('mirror pods may refer to nothing', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    expect((await admit(newPod({ serviceAccountName: 'default' }, { annotations }))).message).toContain(
      'a mirror pod may not reference service accounts',
    );
    const volumes = [{ name: 's', secret: { secretName: 's' } }];
    expect((await admit(newPod({ volumes }, { annotations }))).message).toContain(
      'a mirror pod may not reference secrets',
    );
  });

  test('a strict account lends only the secrets it lists', async () => {
    const metadata = { namespace, name: 'default', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } };
    const volumes = [{ name: 's', secret: { secretName: 'other' } }];
    expect((await admit(newPod({ volumes }), setUp({ metadata, secrets: [{ name: 'mine' }] }))).message).toContain(
      'volume with secret.secretName="other" is not allowed because service account default does not reference that secret',
    );
  });
});

describe('tolerations, taints and priorities', () => {
  const tolerations = createDefaultTolerationSeconds({ notReadySeconds: 10, unreachableSeconds: 300 });

  test('pods tolerate bad nodes for the configured time', async () => {
    const pod = newPod();
    await runPlugin(tolerations, testRequest('pods', { object: pod }));
    expect(pod.spec.tolerations).toEqual([
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ]);
  });

  test.each([
    [{ operator: 'Exists' }, 1],
    [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }, 2],
    [{ operator: 'Exists', effect: 'NoSchedule' }, 3],
  ])('what pods tolerate already is not added (%j)', async (own, count) => {
    const pod = newPod({ tolerations: [own] });
    await runPlugin(tolerations, testRequest('pods', { object: pod }));
    expect(pod.spec.tolerations).toHaveLength(count);
  });

  test('a new node is tainted once', async () => {
    const node = { metadata: { name: 'n' }, spec: {} as { taints?: object[] } };
    await runPlugin(taintNodesByCondition, testRequest('nodes', { object: node }));
    await runPlugin(taintNodesByCondition, testRequest('nodes', { object: node }));
    expect(node.spec.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
  });

  const classes = 'priorityclasses.scheduling.k8s.io';
  function priorities(...list: object[]) {
    const objects = new MemoryObjects();
    for (const item of list) objects.put(classes, item);
    return createPriority({ objects });
  }
  const high = { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' };
  const usual = { metadata: { name: 'usual' }, value: 5, globalDefault: true };

  test.each<[string, object, object[], object]>([
    ['a named class', { priorityClassName: 'high' }, [high], { priority: 1000, preemptionPolicy: 'Never' }],
    ['no class', {}, [], { priority: 0, preemptionPolicy: 'PreemptLowerPriority' }],
    ['the default class', {}, [high, usual], { priority: 5, priorityClassName: 'usual' }],
  ])('%s becomes a number', async (_what, spec, list, expected) => {
    const pod = newPod(spec);
    expect(await runPlugin(priorities(...list), testRequest('pods', { object: pod }))).toBe('');
    expect(pod.spec).toMatchObject(expected);
  });

  test.each<[object, string]>([
    [{ priorityClassName: 'gone' }, 'pods "web" is forbidden: no PriorityClass with name gone was found'],
    [
      { priorityClassName: 'high', priority: 7 },
      'pods "web" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    ],
  ])('%j is refused', async (spec, message) => {
    expect(await runPlugin(priorities(high), testRequest('pods', { object: newPod(spec) }))).toBe(message);
  });

  test('only one class is the default', async () => {
    const object = { metadata: { name: 'second' }, value: 1, globalDefault: true };
    expect(await runPlugin(priorities(usual), testRequest(classes, { object }))).toContain(
      'PriorityClass usual is already marked as default. Only one default can exist',
    );
  });
});

describe('LimitRanger', () => {
  function limited(...limits: object[]) {
    const objects = new MemoryObjects();
    objects.put('limitranges', { metadata: { namespace, name: 'l' }, spec: { limits } });
    return createLimitRanger({ objects });
  }
  const withResources = (resources: object) => newPod({ containers: [{ name: 'a', resources }] });
  const admit = async (pod: Pod, ...limits: object[]) =>
    runPlugin(limited(...limits), testRequest('pods', { namespace, object: pod }));

  test('sets defaults and says so', async () => {
    const pod = newPod();
    await admit(pod, { type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } });
    expect(pod.spec.containers[0]?.resources).toEqual({
      requests: { cpu: '100m' },
      limits: { cpu: '1', memory: '1Gi' },
    });
    expect(pod.metadata.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a',
    );
  });

  test.each<[string, object, object, string]>([
    [
      'too little',
      { requests: { cpu: '50m' } },
      { min: { cpu: '100m' } },
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    ['no request', {}, { min: { cpu: '100m' } }, 'minimum cpu usage per Container is 100m.  No request is specified'],
    [
      'too much',
      { limits: { cpu: '2' } },
      { max: { cpu: '1' } },
      'maximum cpu usage per Container is 1, but limit is 2',
    ],
    ['no limit', {}, { max: { cpu: '1' } }, 'maximum cpu usage per Container is 1.  No limit is specified'],
    [
      'too wide',
      { requests: { memory: '1Gi' }, limits: { memory: '4Gi' } },
      { maxLimitRequestRatio: { memory: '2' } },
      'memory max limit to request ratio per Container is 2, but provided ratio is 4.000000',
    ],
  ])('refuses %s', async (_what, resources, bounds, message) => {
    expect(await admit(withResources(resources), { type: 'Container', ...bounds })).toBe(
      `pods "web" is forbidden: ${message}`,
    );
  });

  test('does not count what the sandbox of a pod costs', async () => {
    const resources = { limits: { cpu: '1' }, requests: { cpu: '1' } };
    const pod = newPod({ containers: [{ name: 'a', resources }], overhead: { cpu: '500m' } });
    expect(await admit(pod, { type: 'Pod', max: { cpu: '1' } })).toBe('');
  });

  test('counts a pod as a whole, with init containers', async () => {
    const one = { resources: { limits: { cpu: '1' }, requests: { cpu: '1' } } };
    const pod = newPod({
      containers: [
        { name: 'a', ...one },
        { name: 'b', ...one },
      ],
      initContainers: [{ name: 'i', resources: { limits: { cpu: '3' }, requests: { cpu: '3' } } }],
    });
    expect(await admit(pod, { type: 'Pod', max: { cpu: '2' } })).toContain(
      'maximum cpu usage per Pod is 2, but limit is 3',
    );
    expect(await admit(pod, { type: 'Pod', max: { cpu: '3' } })).toBe('');
  });

  test('bounds claims', async () => {
    const object = { metadata: { name: 'd' }, spec: { resources: { requests: { storage: '3Gi' } } } };
    const plugin = limited({ type: 'PersistentVolumeClaim', max: { storage: '2Gi' } });
    expect(await runPlugin(plugin, testRequest('persistentvolumeclaims', { namespace, object }))).toContain(
      'maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
  });
});

describe('storage and runtime classes', () => {
  const storage = 'storageclasses.storage.k8s.io';
  const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'true' };

  test('the newest default class is chosen, and no class is a choice too', async () => {
    const objects = new MemoryObjects();
    for (const [name, day] of [
      ['old', '01'],
      ['new', '02'],
    ]) {
      objects.put(storage, {
        metadata: { name, annotations: isDefault, creationTimestamp: `2026-01-${day}T00:00:00Z` },
      });
    }
    const plugin = createDefaultStorageClass({ objects });
    const claim = { metadata: { name: 'c' }, spec: {} as { storageClassName?: string } };
    await runPlugin(plugin, testRequest('persistentvolumeclaims', { object: claim }));
    expect(claim.spec.storageClassName).toBe('new');
    const none = { metadata: { name: 'c' }, spec: { storageClassName: '' } };
    await runPlugin(plugin, testRequest('persistentvolumeclaims', { object: none }));
    expect(none.spec.storageClassName).toBe('');
  });

  test('volumes and claims are protected', async () => {
    const claim = { metadata: { name: 'c' } as { finalizers?: string[] } };
    await runPlugin(storageObjectInUseProtection, testRequest('persistentvolumeclaims', { object: claim }));
    expect(claim.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
  });

  test('claims grow only where their class allows it', async () => {
    const objects = new MemoryObjects();
    objects.put(storage, { metadata: { name: 's' } });
    const claim = (size: string) => ({
      metadata: { name: 'c' },
      spec: { storageClassName: 's', resources: { requests: { storage: size } } },
      status: { phase: 'Bound' },
    });
    const plugin = createClaimResize({ objects });
    const grow = testRequest('persistentvolumeclaims', {
      operation: 'UPDATE',
      object: claim('2Gi'),
      old: claim('1Gi'),
    });
    expect(await runPlugin(plugin, grow)).toContain('only dynamically provisioned pvc can be resized');
    objects.put(storage, { metadata: { name: 's' }, allowVolumeExpansion: true });
    expect(await runPlugin(plugin, grow)).toBe('');
  });

  test('a runtime class brings overhead and place', async () => {
    const objects = new MemoryObjects();
    objects.put('runtimeclasses.node.k8s.io', {
      metadata: { name: 'kata' },
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { kata: 'yes' } },
    });
    const plugin = createRuntimeClass({ objects });
    const pod = newPod({ runtimeClassName: 'kata' });
    expect(await runPlugin(plugin, testRequest('pods', { object: pod }))).toBe('');
    expect(pod.spec).toMatchObject({ overhead: { cpu: '250m' }, nodeSelector: { kata: 'yes' } });
    expect(await runPlugin(plugin, testRequest('pods', { object: newPod({ runtimeClassName: 'x' }) }))).toContain(
      'pod rejected: RuntimeClass "x" not found',
    );
    const clash = newPod({ runtimeClassName: 'kata', nodeSelector: { kata: 'no' } });
    expect(await runPlugin(plugin, testRequest('pods', { object: clash }))).toContain(
      'conflict: runtimeClass.scheduling.nodeSelector[kata] = yes',
    );
    expect(await runPlugin(plugin, testRequest('pods', { object: newPod({ overhead: { cpu: '1' } }) }))).toContain(
      'Pod Overhead set without corresponding RuntimeClass',
    );
  });
});

describe('certificates', () => {
  const csrs = 'certificatesigningrequests.certificates.k8s.io';
  const csr = (more: object = {}, status: object = {}) => ({
    metadata: { name: 'c' },
    spec: { signerName: 'example.com/s', request: '', ...more },
    status,
  });

  test('approval and signing need the right on the signer', async () => {
    const approval = testRequest(csrs, { operation: 'UPDATE', subresource: 'approval', object: csr(), old: csr() });
    expect(await runPlugin(createCertificateApproval({ authorizer: nobody }), approval)).toBe(
      'certificatesigningrequests.certificates.k8s.io "c" is forbidden: user not permitted to approve requests with signerName "example.com/s"',
    );
    expect(await runPlugin(createCertificateApproval({ authorizer: everyone }), approval)).toBe('');
    const signing = testRequest(csrs, {
      operation: 'UPDATE',
      subresource: 'status',
      object: csr({}, { certificate: 'x' }),
      old: csr(),
    });
    expect(await runPlugin(createCertificateSigning({ authorizer: nobody }), signing)).toContain(
      'user not permitted to sign requests',
    );
    const domain: Authorizer = { authorize: ({ name }) => ({ allowed: name === 'example.com/*', reason: '' }) };
    expect(await runPlugin(createCertificateSigning({ authorizer: domain }), signing)).toBe('');
  });

  test('the signer is that of the stored request, not of the written one', async () => {
    const own: Authorizer = { authorize: ({ name }) => ({ allowed: name === 'mine.com/s', reason: '' }) };
    const object = csr({ signerName: 'mine.com/s' });
    const request = testRequest(csrs, { operation: 'UPDATE', subresource: 'approval', object, old: csr() });
    expect(await runPlugin(createCertificateApproval({ authorizer: own }), request)).toContain('not permitted');
  });

  test('nobody becomes system:masters by request', async () => {
    const signerName = 'kubernetes.io/kube-apiserver-client';
    const ask = async (subject: string) =>
      runPlugin(
        certificateSubjectRestriction,
        testRequest(csrs, { object: csr({ signerName, request: await issueRequest(subject) }) }),
      );
    expect(await ask('CN=x,O=dev')).toBe('');
    expect(await ask('CN=x,O=dev,O=system:masters')).toContain(
      'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
    const garbage = testRequest(csrs, { object: csr({ signerName, request: 'Z2FyYmFnZQ==' }) });
    expect(await runPlugin(certificateSubjectRestriction, garbage)).toContain('failed to parse CSR');
  });

  test('the server writes down who asks', async () => {
    const object = csr({ username: 'admin', groups: ['system:masters'], uid: 'forged' });
    await runPlugin(certificateRequester, testRequest(csrs, { object, user: { name: 'jane', groups: ['dev'] } }));
    expect(object.spec).toEqual({ signerName: 'example.com/s', request: '', username: 'jane', groups: ['dev'] });
  });
});

describe('the list of plugins', () => {
  const options = {
    objects: new MemoryObjects(),
    authorizer: everyone,
    clock: new FakeClock(),
    notReadyTolerationSeconds: 300,
    unreachableTolerationSeconds: 300,
  };
  const names = (more: object = {}) => defaultAdmissionPlugins({ ...options, ...more }).map(({ name }) => name);

  test('is in upstream’s order', () => {
    expect(names({ after: [{ name: 'Last' }], before: [{ name: 'First' }] })).toEqual([
      'First',
      'CertificateRequester',
      'NamespaceLifecycle',
      'LimitRanger',
      'ServiceAccount',
      'NodeRestriction',
      'TaintNodesByCondition',
      'PodSecurity',
      'Priority',
      'DefaultTolerationSeconds',
      'DefaultStorageClass',
      'StorageObjectInUseProtection',
      'PersistentVolumeClaimResize',
      'RuntimeClass',
      'CertificateApproval',
      'CertificateSigning',
      'CertificateSubjectRestriction',
      'DefaultIngressClass',
      'ResourceQuota',
      'Last',
    ]);
  });

  test('can be shortened, but not by unknown names', () => {
    expect(names({ disable: ['PodSecurity'] })).not.toContain('PodSecurity');
    expect(names({ disable: ['PodSecurity'], enable: ['PodSecurity'] })).toContain('PodSecurity');
    expect(() => names({ enable: ['Nonsense'] })).toThrow('enable-admission-plugins plugin "Nonsense" is unknown');
  });
});
