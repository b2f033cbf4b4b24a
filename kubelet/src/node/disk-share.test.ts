import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@kubelab/component/logger';
import { DiskShare, formatState, parseState, shareOf } from './disk-share.js';

const disk = { capacityBytes: 1000, availableBytes: 300, inodes: 100, inodesFree: 40 };

test('what others have filled is not the node’s', () => {
  expect(shareOf(disk, { othersBytes: 600, othersInodes: 60 })).toMatchObject({ capacityBytes: 400, inodes: 40 });
});

test('space that others have freed since is the node’s', () => {
  expect(shareOf({ ...disk, availableBytes: 900 }, { othersBytes: 600, othersInodes: 60 }).capacityBytes).toBe(900);
});

test.each(['', '{', 'null', '[]', '{"version":1,"othersBytes":5,"othersInodes":1,"checksum":"x"}'])(
  'a corrupt file is none: %s',
  (text) => {
    expect(parseState(text)).toBeUndefined();
  },
);

describe('on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'share-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const share = (usage: typeof disk) =>
    new DiskShare({
      stateFile: join(folder, 'disk.json'),
      read: async () => usage,
      own: async () => 100,
      logger: silentLogger,
    });

  test('the first look decides, later kubelets remember', async () => {
    expect((await share(disk).read()).capacityBytes).toBe(400);
    expect((await share({ ...disk, availableBytes: 50 }).read()).capacityBytes).toBe(400);
  });

  test('a corrupt file is set aside and made anew', async () => {
    await writeFile(join(folder, 'disk.json'), 'nonsense');
    expect((await share(disk).read()).capacityBytes).toBe(400);
    expect(await readFile(join(folder, 'disk.json.corrupt'), 'utf8')).toBe('nonsense');
    const state = { version: 1 as const, othersBytes: 600, othersInodes: 60 };
    expect(await readFile(join(folder, 'disk.json'), 'utf8')).toBe(formatState(state));
  });
});
