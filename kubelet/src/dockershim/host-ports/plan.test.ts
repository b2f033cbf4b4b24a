import { complete } from '@kubelab/proto/complete';
import { conflictOf, decodeHostPorts, encodeHostPorts, hostPortsOf, type PublishedPod, planHostPorts } from './plan.js';

const web: PublishedPod = {
  sandboxId: 's1',
  pod: 'web_shop',
  ip: '10.244.1.5',
  ports: [{ protocol: 'TCP', hostPort: 8080, containerPort: 80, hostIp: '' }],
};

test('the rules of one port', () => {
  const { text, chains } = planHostPorts([web]);
  const [, , chain = ''] = [...chains];
  expect(chain).toMatch(/^KUBE-HP-[A-Z2-7]{16}$/);
  expect(text.replaceAll(chain, 'KUBE-HP-X')).toBe(`*nat
:KUBE-HOSTPORTS - [0:0]
:KUBE-HOSTPORTS-MASQ - [0:0]
:KUBE-HP-X - [0:0]
-A KUBE-HOSTPORTS -m comment --comment "web_shop hostport 8080" -m tcp -p tcp --dport 8080 -j KUBE-HP-X
-A KUBE-HP-X -m comment --comment "web_shop hostport 8080" -m tcp -p tcp -j DNAT --to-destination 10.244.1.5:80
-A KUBE-HOSTPORTS-MASQ -m comment --comment "web_shop hostport 8080" -s 10.244.1.5/32 -d 10.244.1.5/32 -m tcp -p tcp --dport 80 -j MASQUERADE
-A KUBE-HOSTPORTS-MASQ -m comment --comment "web_shop hostport 8080" -s 127.0.0.0/8 -d 10.244.1.5/32 -m tcp -p tcp --dport 80 -j MASQUERADE
COMMIT
`);
});

test('a port of one address of the node', () => {
  const { text } = planHostPorts([{ ...web, ports: [{ ...web.ports[0], hostIp: '192.0.2.1' } as never] }]);
  expect(text).toContain('-A KUBE-HOSTPORTS -d 192.0.2.1/32 -m comment');
});

test('without host ports there is nothing', () => {
  expect(planHostPorts([])).toEqual({ text: '', chains: new Set() });
});

test('only IPv4 mappings with a host port count', () => {
  const mappings = [
    { containerPort: 80 },
    { containerPort: 80, hostPort: 1, hostIp: '::1' },
    { containerPort: 53, hostPort: 53, protocol: 'UDP' as const, hostIp: '0.0.0.0' },
  ].map((item) => complete('PortMapping', item));
  expect(hostPortsOf(mappings)).toEqual([{ protocol: 'UDP', hostPort: 53, containerPort: 53, hostIp: '' }]);
});

test.each<[string, Partial<PublishedPod['ports'][number]>, boolean]>([
  ['the same port', {}, true],
  ['the same port on one address', { hostIp: '127.0.0.1' }, true],
  ['another protocol', { protocol: 'UDP' }, false],
  ['another port', { hostPort: 8081 }, false],
])('a conflict: %s', (_name, change, conflicts) => {
  const other = { ...web, sandboxId: 's2', pod: 'other_shop', ports: [{ ...web.ports[0], ...change } as never] };
  expect(conflictOf(other, [web]) !== undefined).toBe(conflicts);
});

test('two addresses do not conflict, and a sandbox never does with itself', () => {
  const on = (id: string, hostIp: string) => ({ ...web, sandboxId: id, ports: [{ ...web.ports[0], hostIp } as never] });
  expect(conflictOf(on('a', '127.0.0.1'), [on('b', '192.0.2.1')])).toBeUndefined();
  expect(conflictOf(web, [web])).toBeUndefined();
});

test('labels', () => {
  expect(decodeHostPorts(encodeHostPorts(web.ports))).toEqual(web.ports);
  for (const text of [undefined, '', '{', '{}', '[null]', '[{}]']) expect(decodeHostPorts(text)).toEqual([]);
});
