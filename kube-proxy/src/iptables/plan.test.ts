import { fileURLToPath } from 'node:url';
import { golden } from '@kubelab/testkit/golden';
import type { ServicePort } from '../service-ports.js';
import { serviceChain } from './chains.js';
import { type PlanOptions, planRules } from './plan.js';

const options: PlanOptions = {
  clusterCidr: '10.244.0.0/16',
  podCidr: '10.244.1.0/24',
  masqueradeAll: false,
  mark: '0x4000',
  nodePortAddresses: [],
};

const base: ServicePort = {
  name: 'default/web:http',
  protocol: 'tcp',
  clusterIP: '10.96.5.5',
  port: 80,
  nodePort: 0,
  externalIPs: [],
  loadBalancerIPs: [],
  affinitySeconds: 0,
  internalLocal: false,
  externalLocal: false,
  endpoints: [
    { ip: '10.244.1.2', port: 8080, local: true },
    { ip: '10.244.2.2', port: 8080, local: false },
  ],
  localEndpoints: [{ ip: '10.244.1.2', port: 8080, local: true }],
};

const cases: Record<string, ServicePort[]> = {
  'cluster-ip': [base],
  'node-port': [{ ...base, nodePort: 30080 }],
  'node-port-external-local': [{ ...base, nodePort: 30080, externalLocal: true }],
  'node-port-external-local-without-local-endpoints': [
    { ...base, nodePort: 30080, externalLocal: true, localEndpoints: [] },
  ],
  'session-affinity': [{ ...base, affinitySeconds: 10_800 }],
  'no-endpoints': [{ ...base, nodePort: 30080, endpoints: [], localEndpoints: [] }],
  'internal-local-without-local-endpoints': [{ ...base, internalLocal: true, localEndpoints: [] }],
  'udp-and-external-ip': [{ ...base, protocol: 'udp', externalIPs: ['192.0.2.7'], loadBalancerIPs: ['192.0.2.8'] }],
};

test.each(Object.keys(cases))('rules for %s', (name) => {
  const path = fileURLToPath(new URL(`testdata/${name}.rules`, import.meta.url));
  const { actual, expected } = golden(path, planRules(cases[name] ?? [], options).text);
  expect(actual).toBe(expected);
});

test('every chain that is jumped to is declared', () => {
  for (const ports of Object.values(cases)) {
    const { text } = planRules(ports, options);
    const declared = new Set([...text.matchAll(/^:(\S+)/gm)].map(([, name]) => name));
    const targets = [...text.matchAll(/-j (KUBE-\S+)/g)].map(([, name]) => name);
    expect(targets.filter((name) => !declared.has(name))).toEqual([]);
  }
});

test('chain names are those of upstream', () => {
  // From upstream's own documentation of its iptables rules.
  expect(serviceChain({ name: 'ns1/svc1:p80', protocol: 'tcp' })).toBe('KUBE-SVC-XPGD46QRK7WJZT7O');
});
