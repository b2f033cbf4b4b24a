import { nextFreeRange } from './plan.js';

test.each<[string, string, number, string[], string | undefined]>([
  ['the first', '10.244.0.0/16', 24, [], '10.244.0.0/24'],
  ['a gap', '10.244.0.0/16', 24, ['10.244.0.0/24', '10.244.2.0/24'], '10.244.1.0/24'],
  ['over an octet', '10.244.0.0/22', 25, ['10.244.0.0/25', '10.244.0.128/25'], '10.244.1.0/25'],
  ['none left', '10.244.0.0/23', 24, ['10.244.0.0/24', '10.244.1.0/24'], undefined],
  ['as large as the cluster', '10.244.0.0/24', 24, [], '10.244.0.0/24'],
  ['high addresses', '192.168.0.0/16', 17, ['192.168.0.0/17'], '192.168.128.0/17'],
])('%s', (_name, cidr, mask, taken, expected) => {
  expect(nextFreeRange(cidr, mask, new Set(taken))).toBe(expected);
});
