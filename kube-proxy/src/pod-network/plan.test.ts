import { readFileSync } from 'node:fs';
import { rangeOfAddress } from '../cidr.js';
import { moveNetwork, rangeOf } from './plan.js';

/** As the runtime writes it. */
const template = readFileSync(new URL('../../../deploy/node/containerd/pod-network.conflist', import.meta.url), 'utf8');
const written = (range: string): string => template.replace(/"ranges": .*/, `"ranges": [[{"subnet": "${range}"}]]`);

interface View {
  name: string;
  plugins: { type: string; bridge?: string; ipam?: { dataDir: string; ranges: unknown } }[];
}
const move = (...args: Parameters<typeof moveNetwork>): View => JSON.parse(moveNetwork(...args)) as View;

test('the range of what the runtime wrote', () => {
  expect(rangeOf(written('10.244.1.0/24'))).toBe('10.244.1.0/24');
});

test('another range comes with another bridge, and all else stays', () => {
  const before = JSON.parse(written('10.244.1.0/24')) as View;
  const after = move(written('10.244.1.0/24'), '10.244.7.0/24', [{ name: 'cni0', range: '10.244.1.0/24' }]);
  expect(after.plugins[0]).toMatchObject({ bridge: 'cni1', ipam: { ranges: [[{ subnet: '10.244.7.0/24' }]] } });
  const [bridge] = before.plugins;
  expect({ ...after, plugins: after.plugins.slice(1) }).toEqual({ ...before, plugins: before.plugins.slice(1) });
  expect({ ...after.plugins[0], bridge: '', ipam: {} }).toEqual({ ...bridge, bridge: '', ipam: {} });
  expect(after.plugins[0]?.ipam?.dataDir).toBe(bridge?.ipam?.dataDir);
});

test('a range that the node has had before comes back to its bridge, and a name is used once', () => {
  const bridges = [
    { name: 'cni0', range: '10.244.1.0/24' },
    { name: 'cni1', range: '10.244.7.0/24' },
  ];
  const moved = moveNetwork(written('10.244.1.0/24'), '10.244.7.0/24', bridges.slice(0, 1));
  expect(move(moved, '10.244.1.0/24', bridges).plugins[0]?.bridge).toBe('cni0');
  expect(move(moved, '10.244.9.0/24', bridges).plugins[0]?.bridge).toBe('cni2');
  // The bridge of the configuration is made by its first pod.
  expect(move(moved, '10.244.9.0/24', []).plugins[0]?.bridge).toBe('cni0');
});

test.each([
  '{}',
  'null',
  '{"plugins": {}}',
  '{"plugins": [null, {"type": "bridge"}]}',
  '{"plugins": [{"type": "ptp"}]}',
])('what is no bridge with a range is left alone: %s', (text) => {
  expect(rangeOf(text)).toBeUndefined();
  expect(() => moveNetwork(text, '10.244.7.0/24', [])).toThrow('has no bridge with one range');
});

test('what is no JSON is an error', () => {
  expect(() => rangeOf('{"plugins": [')).toThrow(SyntaxError);
});

test('the range that an address is in', () => {
  expect(rangeOfAddress('10.244.1.1', 24)).toBe('10.244.1.0/24');
  expect(rangeOfAddress('192.168.255.129', 25)).toBe('192.168.255.128/25');
  expect(rangeOfAddress('255.255.255.255', 32)).toBe('255.255.255.255/32');
  expect(rangeOfAddress('10.244.1.1', 0)).toBe('0.0.0.0/0');
});
