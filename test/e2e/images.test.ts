/** Images come from the lab's registry by real pulls; wrong names fail as upstream's do. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { kubelab, makeNamespace, nodeNames } from './lab.js';
import { run } from './process.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
beforeAll(async () => {
  space = await makeNamespace('images');
});
afterAll(() => space.remove());

const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];

test('a wrong image: ErrImagePull, then ImagePullBackOff, with upstream’s events', async () => {
  await kubectl.run(inSpace('run', 'wrong', '--image=no-such-image:v9'));
  const reason = (): Promise<string> =>
    kubectl.run(inSpace('get', 'pod', 'wrong', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'));
  await eventually(async () => expect(await reason()).toMatch(/^(ErrImagePull|ImagePullBackOff)$/), {
    what: 'ErrImagePull',
  });
  await eventually(async () => expect(await reason()).toBe('ImagePullBackOff'), {
    what: 'ImagePullBackOff',
    timeoutMs: 60_000,
  });
  expect(await kubectl.run(inSpace('get', 'pod', 'wrong'))).toMatch(
    /^wrong\s+0\/1\s+(ImagePullBackOff|ErrImagePull)\s+0/m,
  );
  const description = await kubectl.run(inSpace('describe', 'pod', 'wrong'));
  for (const part of [
    /Normal\s+Pulling\s.*Pulling image "no-such-image:v9"/,
    /Warning\s+Failed\s.*Failed to pull image "no-such-image:v9"/,
    /Warning\s+Failed\s.*Error: ErrImagePull/,
    /Normal\s+BackOff\s.*Back-off pulling image "no-such-image:v9"/,
    /Warning\s+Failed\s.*Error: ImagePullBackOff/,
  ]) {
    expect(description).toMatch(part);
  }
});

/** One that the host's engine has: Docker Hub's, or the one that was built in its place. */
async function hostsBusybox(): Promise<string> {
  const { stdout } = await run('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}']);
  const found = stdout.split('\n').find((line) => /busybox:(?!<none>)/.test(line));
  if (found !== undefined) return found;
  expect(await run('docker', ['pull', 'busybox'])).toMatchObject({ code: 0 });
  return 'busybox';
}

test('an image of another registry, loaded from an archive, runs on every node under exactly its name', async () => {
  const name = 'registry.example.com:5000/team/tool:1.0';
  const folder = mkdtempSync(join(tmpdir(), 'kubelab-e2e-'));
  try {
    const archive = join(folder, 'tool.tar');
    const busybox = await hostsBusybox();
    await run('docker', ['tag', busybox, name]);
    expect(await run('docker', ['save', '-o', archive, name])).toMatchObject({ code: 0 });
    await run('docker', ['rmi', name]);
    expect(await kubelab(['image', 'load', archive])).toMatchObject({ code: 0 });
    for (const node of await nodeNames()) {
      const overrides = JSON.stringify({ spec: { nodeName: node, restartPolicy: 'Never' } });
      await kubectl.run(
        inSpace(
          'run',
          `tool-${node}`,
          `--image=${name}`,
          '--image-pull-policy=IfNotPresent',
          '--restart=Never',
          `--overrides=${overrides}`,
          '--command',
          '--',
          'echo',
          'works',
        ),
      );
      await eventually(
        async () =>
          expect(await kubectl.run(inSpace('get', 'pod', `tool-${node}`, '-o', 'jsonpath={.status.phase}'))).toBe(
            'Succeeded',
          ),
        { what: `tool on ${node}`, timeoutMs: 60_000 },
      );
      expect(await kubectl.run(inSpace('logs', `tool-${node}`))).toBe('works\n');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
