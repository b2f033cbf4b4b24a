import { LinuxMounter, parseMountPoints } from './mounter.js';

test('mount points of mountinfo, with what is escaped in them', () => {
  const text = [
    '22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw',
    '36 22 0:40 / /var/lib/a\\040b rw - tmpfs tmpfs rw,size=4k',
    '37 22 0:41 /x /tab\\011and\\134slash rw - ext4 /dev/sda rw',
    '',
  ].join('\n');
  expect(parseMountPoints(text)).toEqual(['/', '/var/lib/a b', '/tab\tand\\slash']);
});

test('nothing is mounted where nothing is, and taking it away is no error', async () => {
  const mounter = new LinuxMounter();
  expect(await mounter.mountsBelow('/no/such/path')).toEqual([]);
  await expect(mounter.unmount('/no/such/path')).resolves.toBeUndefined();
});

test('the deepest mounts come first, and names that only begin alike are not below', async () => {
  const points = await new LinuxMounter().mountsBelow('/proc');
  expect(points).toContain('/proc');
  expect(points.at(-1)).toBe('/proc');
});

test('a mount that fails says what was asked', async () => {
  await expect(new LinuxMounter().bindMount('/no/such/source', '/no/such/target')).rejects.toThrow(
    /^mount failed: .*; mounting arguments: --no-canonicalize --bind \/no\/such\/source \/no\/such\/target$/s,
  );
});
