import { type Config, flags } from '../config.js';
import { kubeletConfiguration } from './configz.js';

const defaults = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.default])) as Config;

test('settings have the names and forms of upstream’s configuration', () => {
  const found = kubeletConfiguration({
    ...defaults,
    'cluster-dns': ['10.96.0.10'],
    'kube-reserved': ['cpu=100m', 'memory=64Mi'],
    'register-with-taints': ['dedicated=db:NoSchedule'],
    'client-ca-file': '/ca.crt',
  });
  expect(found).toMatchObject({
    enableServer: true,
    port: 10_250,
    authentication: { x509: { clientCAFile: '/ca.crt' }, anonymous: { enabled: true }, webhook: { enabled: true } },
    authorization: { mode: 'Webhook' },
    clusterDNS: ['10.96.0.10'],
    maxPods: 110,
    podPidsLimit: -1,
    runtimeRequestTimeout: '2m0s',
    nodeStatusUpdateFrequency: '10s',
    kubeReserved: { cpu: '100m', memory: '64Mi' },
    registerWithTaints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'imagefs.available': '15%' },
    evictionSoft: {},
    imageGCHighThresholdPercent: 85,
  });
  expect(found).not.toHaveProperty('staticPodPath');
});
