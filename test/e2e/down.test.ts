/** `down` removes everything that `up` made and nothing else: a second lab comes and goes beside the one under test. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl } from './kubectl.js';
import { kubelab, nodeNames, project, root } from './lab.js';
import { run } from './process.js';

const second = `${project}-second`;
const stranger = 'kubelab/node:000000000000-somebody-01234567';
const folder = mkdtempSync(join(tmpdir(), 'kubelab-down-'));
const userFile = join(folder, 'kube/config');
const secondLab = (...args: string[]): ReturnType<typeof kubelab> =>
  kubelab(['--project', second, ...args], { env: { KUBECONFIG: userFile }, timeoutMs: 300_000 });

afterAll(async () => {
  await secondLab('down', '--keep-images');
  await run('docker', ['rmi', stranger]);
  rmSync(folder, { recursive: true });
});

const docker = async (...args: string[]): Promise<string[]> =>
  (await run('docker', args)).stdout.split('\n').filter((line) => line !== '');

interface Belongings {
  containers: string[];
  volumes: string[];
  networks: string[];
  images: string[];
}

/** What the engine has of a project, by label and, of images, by the tags of its own. */
async function belongings(name: string): Promise<Belongings> {
  const label = `label=com.docker.compose.project=${name}`;
  const containers = await docker('ps', '-aq', '--no-trunc', '--filter', label);
  const named = await docker('volume', 'ls', '-q', '--filter', label);
  const mounts = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}';
  const mounted = containers.length === 0 ? [] : await docker('inspect', '--format', mounts, ...containers);
  const images = await docker('images', '--format', '{{.Repository}}:{{.Tag}}', '--filter', 'reference=kubelab/*');
  const owner = await ownerOf(name);
  return {
    containers: containers.sort(),
    volumes: [...new Set([...named, ...mounted])].sort(),
    networks: (await docker('network', 'ls', '-q', '--no-trunc', '--filter', label)).sort(),
    images: images.filter((image) => image.endsWith(`-${owner}`)).sort(),
  };
}

const owners = new Map<string, string>();

/** As the tag of its node's image tells. */
async function ownerOf(name: string): Promise<string> {
  const filters = ['--filter', `label=com.docker.compose.project=${name}`];
  const [image] = await docker(
    'ps',
    ...filters,
    '--filter',
    'label=com.docker.compose.service=node',
    '--format',
    '{{.Image}}',
  );
  const owner = /:[0-9a-f]{12}-(.*)$/.exec(image ?? '')?.[1];
  if (owner !== undefined) owners.set(name, owner);
  return owners.get(name) ?? 'nobody';
}

test('a lab beside the lab: up, down, and nothing is left of it', async () => {
  const before = await belongings(project);
  expect(before.images.length).toBeGreaterThan(1);
  const up = await secondLab('up', '--nodes', '1', '--merge-kubeconfig');
  expect({ code: up.code, output: `${up.stdout}${up.stderr}` }).toEqual({ code: 0, output: expect.anything() });
  expect(readFileSync(userFile, 'utf8')).toContain(`name: ${second}`);
  // Compose hands disks on to containers that it makes anew: those must not be left either.
  const again = await secondLab('up', '--failure-clock', 'fast');
  expect({ code: again.code, output: `${again.stdout}${again.stderr}` }).toEqual({
    code: 0,
    output: expect.anything(),
  });
  const made = await belongings(second);
  expect(made.containers).toHaveLength(9);
  expect(made.networks).toHaveLength(1);
  expect(made.images.length).toBeGreaterThan(1);

  await run('docker', ['tag', made.images[0] ?? '', stranger]);
  const down = await secondLab('down');
  expect({ code: down.code, output: `${down.stdout}${down.stderr}` }).toEqual({ code: 0, output: expect.anything() });
  expect(await belongings(second)).toEqual({ containers: [], volumes: [], networks: [], images: [] });
  const volumes = new Set(await docker('volume', 'ls', '-q'));
  expect(made.volumes.filter((name) => volumes.has(name))).toEqual([]);
  expect(existsSync(userFile)).toBe(false);
  expect(existsSync(join(root, '.kubelab/projects', second))).toBe(false);

  expect(await belongings(project)).toEqual(before);
  expect(await docker('images', '-q', stranger)).toHaveLength(1);
  expect((await nodeNames()).length).toBeGreaterThan(1);
  await kubectl.run(['get', '--raw', '/readyz']);
}, 600_000);

test('up takes away what this lab was made of before; somebody else’s, and what a container uses, stays', async () => {
  const owner = await ownerOf(project);
  const old = [`kubelab/node:000000000000-${owner}`, `kubelab/control:111111111111-${owner}`] as const;
  const image = (await belongings(project)).images.find((name) => name.startsWith('kubelab/node:')) ?? '';
  for (const name of [...old, stranger]) await run('docker', ['tag', image, name]);
  const { stdout } = await kubelab(['up']);
  for (const name of old) {
    expect(stdout).toContain(name);
    expect(await docker('images', '-q', name)).toEqual([]);
  }
  expect(await docker('images', '-q', stranger)).toHaveLength(1);
  expect(await docker('images', '-q', image)).toHaveLength(1);
});
