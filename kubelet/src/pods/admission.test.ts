import type { Pod, PodSpec } from '@kubelab/api/types';
import { rejectionOf } from './admission.js';

function pod(name: string, spec: Partial<PodSpec>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...spec },
  };
}

const asking = (cpu: string): Partial<PodSpec> => ({ containers: [{ name: 'c', resources: { requests: { cpu } } }] });
const node = {
  name: 'n1',
  labels: { disk: 'ssd', cores: '8' },
  taints: [
    { key: 'dedicated', value: 'db', effect: 'NoExecute' },
    { key: 'soft', effect: 'NoSchedule' },
  ],
  allocatable: { cpu: '2', memory: '1Gi', pods: '3' },
};
const tolerations = [{ key: 'dedicated', operator: 'Exists' }];

function verdict(spec: Partial<PodSpec>, others: Pod[] = []): string | undefined {
  const rejection = rejectionOf({ pod: pod('new', { tolerations, ...spec }), others, node });
  return rejection && `${rejection.reason}: ${rejection.message}`;
}

describe('rejectionOf', () => {
  test('a pod that fits is taken', () => {
    expect(verdict(asking('1500m'), [pod('a', asking('500m'))])).toBeUndefined();
  });

  test('hugepages, of which a node has none', () => {
    const amounts = { cpu: '1', 'hugepages-2Mi': '4Mi' };
    const wanting = { containers: [{ name: 'c', resources: { requests: amounts, limits: amounts } }] };
    expect(verdict(wanting)).toBe(
      "OutOfhugepages-2Mi: Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 0, capacity: 0",
    );
  });

  test('a pod for another operating system is not taken', () => {
    expect(verdict({ os: { name: 'windows' } })).toBe(
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    );
    expect(verdict({ nodeSelector: { 'kubernetes.io/os': 'windows' } })).toMatch(
      /^PodOSSelectorNodeLabelDoesNotMatch: /,
    );
    expect(verdict({ os: { name: 'linux' } })).toBeUndefined();
  });

  test('cpu is counted in thousandths', () => {
    expect(verdict(asking('1600m'), [pod('a', asking('500m'))])).toBe(
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 1600, used: 500, capacity: 2000",
    );
  });

  test('the number of pods is a resource too', () => {
    expect(
      verdict(
        {},
        ['a', 'b', 'c'].map((name) => pod(name, {})),
      ),
    ).toBe("OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3");
  });

  test('a resource the node has not is missing altogether', () => {
    const containers = [{ name: 'c', resources: { limits: { 'example.com/gpu': '1' } } }];
    expect(verdict({ containers })).toBe(
      "OutOfexample.com/gpu: Node didn't have enough resource: example.com/gpu, requested: 1, used: 0, capacity: 0",
    );
  });

  test('init containers count by their largest, sidecars with the app', () => {
    const initContainers = [
      { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
      { name: 'big', resources: { requests: { cpu: '1500m' } } },
    ];
    expect(verdict({ ...asking('100m'), initContainers })).toMatch(/^OutOfcpu: .*requested: 2500/);
  });

  test.each<[string, Partial<PodSpec>, string | undefined]>([
    [
      'a node selector that does not match',
      { nodeSelector: { disk: 'hdd' } },
      'NodeAffinity: Predicate NodeAffinity failed',
    ],
    ['a node selector that matches', { nodeSelector: { disk: 'ssd' } }, undefined],
    ['another node’s name', { nodeName: 'n2' }, 'NodeName: Predicate NodeName failed'],
    ['a taint that is not tolerated', { tolerations: [] }, 'TaintToleration: Predicate TaintToleration failed'],
  ])('%s', (_title, spec, expected) => {
    expect(verdict(spec)).toBe(expected);
  });

  test.each([
    ['In', ['ssd', 'nvme'], 'disk', true],
    ['NotIn', ['ssd'], 'disk', false],
    ['Exists', [], 'gpu', false],
    ['DoesNotExist', [], 'gpu', true],
    ['Gt', ['4'], 'cores', true],
    ['Lt', ['4'], 'cores', false],
  ])('affinity %s %j of %s', (operator, values, key, fits) => {
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    expect(verdict({ affinity }) === undefined).toBe(fits);
  });

  test('a host port is taken once', () => {
    const ports = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
    expect(verdict(ports, [pod('a', ports)])).toBe('NodePorts: Predicate NodePorts failed');
  });
});
