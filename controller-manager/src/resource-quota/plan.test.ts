import type { PersistentVolumeClaim, PodSpec, ResourceQuota } from '@kubelab/api/types';
import { meta, pod, service } from '../testing/objects.js';
import { countedNames, type NamespaceObjects, quotaStatus } from './plan.js';

const quota = (hard: Record<string, string>, more: object = {}): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: meta('q'),
  spec: { hard, ...more },
});
const objects = (more: Partial<NamespaceObjects> = {}): NamespaceObjects => ({
  pods: [],
  services: [],
  claims: [],
  counts: new Map(),
  ...more,
});
const using = (name: string, requests: Record<string, string>, spec: Partial<PodSpec> = {}, parts = {}) =>
  pod(name, {
    spec: { containers: [{ name: 'c', resources: { requests, limits: { cpu: '2' } } }], ...spec },
    ...parts,
  });

test('pods that run count with their requests and limits, ended ones as objects only', () => {
  const pods = [
    using('a', { cpu: '100m', memory: '64Mi' }),
    using('b', { cpu: '1900m' }),
    using('c', { cpu: '5' }, {}, { phase: 'Succeeded' }),
  ];
  const hard = { pods: '10', cpu: '4', 'requests.cpu': '4', memory: '1Gi', 'limits.cpu': '8', 'count/pods': '9' };
  expect(quotaStatus(quota(hard), objects({ pods })).used).toEqual({
    pods: '2',
    cpu: '2',
    'requests.cpu': '2',
    memory: '64Mi',
    'limits.cpu': '4',
    'count/pods': '3',
  });
});

test('init containers count when they need more, sidecars always', () => {
  const initContainers = [
    { name: 'sidecar', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
    { name: 'once', resources: { requests: { cpu: '5' } } },
  ];
  expect(
    quotaStatus(quota({ cpu: '9' }), objects({ pods: [using('a', { cpu: '2' }, { initContainers })] })).used,
  ).toEqual({ cpu: '6' });
  expect(
    quotaStatus(quota({ cpu: '9' }), objects({ pods: [using('a', { cpu: '7' }, { initContainers })] })).used,
  ).toEqual({ cpu: '8' });
});

test('services by type', () => {
  const services = [
    service('a'),
    service('b', { type: 'NodePort' }),
    service('c', { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080 }, { port: 81 }] }),
  ];
  const hard = { services: '9', 'services.nodeports': '9', 'services.loadbalancers': '9', 'count/services': '9' };
  expect(quotaStatus(quota(hard), objects({ services })).used).toEqual({
    services: '3',
    'services.nodeports': '3',
    'services.loadbalancers': '1',
    'count/services': '3',
  });
});

test('claims by class', () => {
  const claim = (name: string, storage: string, storageClassName?: string): PersistentVolumeClaim => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta(name),
    spec: { resources: { requests: { storage } }, ...(storageClassName ? { storageClassName } : {}) },
  });
  const hard = {
    persistentvolumeclaims: '9',
    'requests.storage': '1Ti',
    'fast.storageclass.storage.k8s.io/requests.storage': '1Ti',
  };
  expect(quotaStatus(quota(hard), objects({ claims: [claim('a', '1Gi', 'fast'), claim('b', '2Gi')] })).used).toEqual({
    persistentvolumeclaims: '2',
    'requests.storage': '3Gi',
    'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
  });
});

test('other kinds by their number; what is not there is zero; what is not limited is not told', () => {
  const hard = {
    configmaps: '9',
    'count/deployments.apps': '9',
    'count/widgets.example.com': '9',
    'requests.nvidia.com/gpu': '1',
  };
  expect(countedNames(quota({ ...hard, 'count/pods': '1', pods: '1' }))).toEqual([
    'count/configmaps',
    'count/deployments.apps',
    'count/widgets.example.com',
  ]);
  const counts = new Map([
    ['count/configmaps', 3],
    ['count/deployments.apps', 2],
  ]);
  expect(quotaStatus(quota(hard), objects({ counts }))).toEqual({
    hard,
    used: {
      configmaps: '3',
      'count/deployments.apps': '2',
      'count/widgets.example.com': '0',
      'requests.nvidia.com/gpu': '0',
    },
  });
});

describe('scopes', () => {
  const bestEffort = pod('besteffort');
  const batch = using('batch', { cpu: '1' }, { activeDeadlineSeconds: 5 });
  const vip = using('vip', { cpu: '1' }, { priorityClassName: 'high' });
  const pods = [bestEffort, batch, vip];
  const classes = (operator: string, ...values: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
  });
  test.each<[string, object, string]>([
    ['BestEffort', { scopes: ['BestEffort'] }, '1'],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, '2'],
    ['Terminating', { scopes: ['Terminating'] }, '1'],
    ['NotTerminating', { scopes: ['NotTerminating'] }, '2'],
    ['both', { scopes: ['NotTerminating', 'NotBestEffort'] }, '1'],
    ['a class', classes('In', 'high'), '1'],
    ['other classes', classes('NotIn', 'high'), '2'],
    ['any class', classes('Exists'), '1'],
    ['an unknown scope', { scopes: ['Purple'] }, '0'],
  ])('%s', (_name, more, expected) => {
    expect(quotaStatus(quota({ pods: '9' }, more), objects({ pods })).used).toEqual({ pods: expected });
  });

  test('are about pods', () => {
    expect(
      quotaStatus(quota({ services: '9' }, { scopes: ['BestEffort'] }), objects({ services: [service('a')] })).used,
    ).toEqual({ services: '0' });
  });
});
