import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { silentLogger } from '@kubelab/component/logger';
import { HostPorts, probePort } from './host-ports.js';
import type { HostPortPlan, PublishedPod } from './plan.js';

const pod = (id: string, hostPort: number): PublishedPod => ({
  sandboxId: id,
  pod: `${id}_default`,
  ip: '10.0.0.2',
  ports: [{ protocol: 'TCP', hostPort, containerPort: 80, hostIp: '' }],
});

function make(running: PublishedPod[] = []) {
  const plans: HostPortPlan[] = [];
  const state = { fail: false, taken: undefined as string | undefined };
  const ports = new HostPorts({
    applier: {
      apply: async (plan) => {
        if (state.fail) throw new Error('iptables-restore failed: no');
        plans.push(plan);
      },
    },
    running: async () => running,
    bridge: async () => 'docker0',
    probe: async () => state.taken,
    logger: silentLogger,
  });
  const portsNow = () => [...(plans.at(-1)?.text.matchAll(/--dport (\d+) -j KUBE-HP/g) ?? [])].map(([, port]) => port);
  return { ports, plans, state, portsNow };
}

test('ports come and go with their sandbox', async () => {
  const { ports, portsNow } = make();
  await ports.publish(pod('a', 8080));
  await ports.publish(pod('b', 8081));
  expect(portsNow()).toEqual(['8080', '8081']);
  await ports.release('a');
  expect(portsNow()).toEqual(['8081']);
});

test('a new shim goes on with what runs', async () => {
  const { ports, portsNow } = make([pod('a', 8080)]);
  await ports.adopt();
  expect(portsNow()).toEqual(['8080']);
  await expect(ports.publish(pod('b', 8080))).rejects.toThrow(
    'cannot open hostport 8080 for pod b_default: address already in use by pod a_default',
  );
});

test('two at once: one gets the port', async () => {
  const { ports } = make();
  const results = await Promise.allSettled([ports.publish(pod('a', 8080)), ports.publish(pod('b', 8080))]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test('a port of a process of the node is refused', async () => {
  const { ports, state } = make();
  state.taken = 'listen tcp4 :8080: bind: address already in use';
  await expect(ports.publish(pod('a', 8080))).rejects.toMatchObject({
    code: 'UNKNOWN',
    message: 'cannot open hostport 8080 for pod a_default: listen tcp4 :8080: bind: address already in use',
  });
});

test('rules that cannot be written leave the port free', async () => {
  const { ports, state, portsNow } = make();
  state.fail = true;
  await expect(ports.publish(pod('a', 8080))).rejects.toThrow(/failed to add hostport mapping for pod a_default/);
  state.fail = false;
  await ports.publish(pod('b', 8080));
  expect(portsNow()).toEqual(['8080']);
});

test('a probe sees who listens', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const wanted = { protocol: 'TCP', hostPort: port, containerPort: 80, hostIp: '' } as const;
  expect(await probePort(wanted)).toBe(`listen tcp4 :${port}: bind: address already in use`);
  expect(await probePort({ ...wanted, protocol: 'UDP' })).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  expect(await probePort(wanted)).toBeUndefined();
});
