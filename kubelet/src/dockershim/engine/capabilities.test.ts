import { limitedCapabilities } from './capabilities.js';

const read = (bounding: string) => (path: string) =>
  path === '/proc/sys/kernel/cap_last_cap' ? '40\n' : `Name:\tnode\nCapBnd:\t${bounding}\nSeccomp:\t0\n`;

test('a node that has everything is not limited', () => {
  expect(limitedCapabilities(read('000001ffffffffff'))).toBeUndefined();
});

test('a node without SYS_RESOURCE gives the rest', () => {
  const given = limitedCapabilities(read('000001fffeffffff'));
  expect(given).toHaveLength(40);
  expect(given).toContain('SYS_ADMIN');
  expect(given).toContain('CHECKPOINT_RESTORE');
  expect(given).not.toContain('SYS_RESOURCE');
});

test('a kernel that does not tell is not limited', () => {
  expect(limitedCapabilities(() => 'Name:\tnode\n')).toBeUndefined();
});
