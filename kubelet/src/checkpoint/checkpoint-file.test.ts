import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@kubelab/component/logger';
import { CheckpointFile } from './checkpoint-file.js';

let folder: string;
let errors: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubelet-'));
  errors = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function checkpoint(version = 1): CheckpointFile<{ n: number }> {
  return new CheckpointFile({
    path: join(folder, 'state'),
    version,
    logger: { ...silentLogger, error: (message: string) => void errors.push(message) },
    parse: (data) => {
      if (typeof (data as { n?: unknown } | null)?.n !== 'number') throw new Error('no number');
      return data as { n: number };
    },
  });
}

test('holds what was written last, and nothing before the first time', async () => {
  const file = checkpoint();
  expect(await file.read()).toBeUndefined();
  await Promise.all([1, 2, 3].map((n) => file.write({ n })));
  expect(await checkpoint().read()).toEqual({ n: 3 });
  expect(await readdir(folder)).toEqual(['state']);
  expect(errors).toEqual([]);
});

const damaged = async (change: (text: string) => string): Promise<void> => {
  await checkpoint().write({ n: 1 });
  const path = join(folder, 'state');
  await writeFile(path, change(await readFile(path, 'utf8')));
};

test.each<[string, () => Promise<void>]>([
  ['a changed value', () => damaged((text) => text.replace('"n":1', '"n":2'))],
  ['half a file', () => damaged((text) => text.slice(0, 20))],
  ['an empty file', () => damaged(() => '')],
  ['no object', () => damaged(() => 'null')],
  ['another version', () => checkpoint(2).write({ n: 1 })],
  ['other data', () => checkpoint().write({} as { n: number })],
])('%s is reported, set aside, and written anew', async (_what, prepare) => {
  await prepare();
  const file = checkpoint();
  expect(await file.read()).toBeUndefined();
  expect(errors).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['state.corrupt']);
  await file.write({ n: 5 });
  expect(await checkpoint().read()).toEqual({ n: 5 });
});
