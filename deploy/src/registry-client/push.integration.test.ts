import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { systemClock } from '@kubelab/component/clock';
import { silentLogger } from '@kubelab/component/logger';
import { freePort } from '@kubelab/testkit/ports';
import { dnsTag } from '../image-archive/lab-images.js';
import { runSeed } from '../seed/run.js';
import { type ContainerImage, digestOf, manifestMediaType, manifestOf } from './image.js';
import { pushImage } from './push.js';
import { RegistryClient, RegistryError, RegistryUnreachableError } from './registry-client.js';

let folder: string;
let registry: ChildProcess;
let url: string;
let client: RegistryClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubelab-registry-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const config = join(folder, 'config.yml');
  const lines = [
    'version: 0.1',
    `storage: { filesystem: { rootdirectory: ${folder}/data } }`,
    `http: { addr: 127.0.0.1:${port} }`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  registry = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  client = new RegistryClient(url);
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await client.ping();
      return;
    } catch (error) {
      if (!(error instanceof RegistryUnreachableError)) throw error;
      await systemClock.sleep(50);
    }
  }
  throw new Error('the registry did not start');
});

afterAll(() => {
  client.close();
  registry.kill();
  rmSync(folder, { recursive: true });
});

function imageWith(content: string): ContainerImage {
  const bytes = Buffer.from(content);
  const layer = { digest: digestOf(bytes), size: bytes.length, gzip: false, open: () => Readable.from([bytes]) };
  return {
    config: Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [layer.digest] } })),
    layers: [layer],
  };
}

it('pushes an image once', async () => {
  const image = imageWith('one');
  expect(await pushImage(client, 'library/one', 'latest', image)).toBe(true);
  expect(await pushImage(client, 'library/one', 'latest', image)).toBe(false);
  const digest = await client.manifestDigest('library/one', 'latest', manifestMediaType);
  expect(digest).toBe(digestOf(manifestOf(image)));
});

it('moves a tag to another image and shares what both have', async () => {
  await pushImage(client, 'library/two', 'latest', imageWith('old'));
  expect(await pushImage(client, 'library/two', 'latest', imageWith('new'))).toBe(true);
  expect(await client.manifestDigest('library/two', 'latest', manifestMediaType)).toBe(
    digestOf(manifestOf(imageWith('new'))),
  );
});

it('reports a blob whose bytes are not what its digest says', async () => {
  const lie = { digest: digestOf(Buffer.from('a')), size: 1, open: () => Readable.from([Buffer.from('b')]) };
  await expect(client.uploadBlob('library/lie', lie)).rejects.toThrow(RegistryError);
});

it('knows that there is no registry', async () => {
  const nobody = new RegistryClient(`http://127.0.0.1:${await freePort()}`);
  await expect(nobody.ping()).rejects.toThrow(RegistryUnreachableError);
});

it("seeds the lab's own images, and finds them there the second time", async () => {
  const [pause, dns] = [join(folder, 'pause'), join(folder, 'dns.mjs')];
  writeFileSync(pause, '#!/bin/true\n', { mode: 0o755 });
  writeFileSync(dns, 'process.exit(0)\n');
  const config = { registry: url, pause, dns, node: process.execPath, timeout: 10_000 };
  const context = { logger: silentLogger, clock: systemClock, signal: new AbortController().signal };
  await runSeed(config, context);
  const tag = dnsTag(dns);
  const before = await client.manifestDigest('kubelab/dns', tag, manifestMediaType);
  await runSeed(config, context);
  expect(before).toBeDefined();
  expect(await client.manifestDigest('kubelab/dns', tag, manifestMediaType)).toBe(before);
  expect(await client.manifestDigest('kubelab/pause', '1', manifestMediaType)).toBeDefined();
});
