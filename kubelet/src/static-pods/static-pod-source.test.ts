import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@kubelab/component/logger';
import { eventually } from '@kubelab/testkit/eventually';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { StaticPodSource } from './static-pod-source.js';

const checkMs = 20_000;
const manifest = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'app', image: 'app:1' }] },
  });

let folder: string;
let stop: AbortController;
let clock: FakeClock;
let seen: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifests-'));
  stop = new AbortController();
  clock = new FakeClock();
  seen = [];
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true });
});

async function start(onLook: () => void = () => undefined): Promise<void> {
  const source = new StaticPodSource({
    folder,
    nodeName: 'n',
    checkMs,
    clock,
    logger: silentLogger,
    onChange: (pods) => {
      seen = pods.map(({ metadata }) => metadata.name ?? '');
      onLook();
    },
  });
  await source.start(stop.signal);
}

const untilSeen = (names: string[]): Promise<unknown> =>
  eventually(async () => expect(seen).toEqual(names), { what: names.join(), timeoutMs: 10_000, intervalMs: 5 });

test('what is written while the folder is looked at is seen without waiting for the next check', async () => {
  await writeFile(join(folder, 'a.json'), manifest('a'));
  let isFirst = true;
  await start(() => {
    if (isFirst) writeFileSync(join(folder, 'b.json'), manifest('b'));
    isFirst = false;
  });
  await untilSeen(['a-n', 'b-n']);
});

test('a manifest that is broken costs its pod only when it still is at the next check', async () => {
  let looks = 0;
  await writeFile(join(folder, 'a.json'), manifest('a'));
  await writeFile(join(folder, 'b.json'), manifest('b'));
  await start(() => {
    looks += 1;
  });
  const before = looks;
  await writeFile(join(folder, 'a.json'), '{"half":');
  await writeFile(join(folder, 'c.json'), manifest('c'));
  await untilSeen(['a-n', 'b-n', 'c-n']);
  await eventually(async () => expect(looks).toBeGreaterThan(before), { what: 'another look' });
  await writeFile(join(folder, 'a.json'), manifest('other'));
  await untilSeen(['other-n', 'b-n', 'c-n']);
  await writeFile(join(folder, 'a.json'), 'kind: [');
  await writeFile(join(folder, 'c.json'), manifest('d'));
  await untilSeen(['other-n', 'b-n', 'd-n']);
  await eventually(
    async () => {
      await clock.advance(checkMs);
      expect(seen).toEqual(['b-n', 'd-n']);
    },
    { what: 'the pod goes', intervalMs: 5 },
  );
});
