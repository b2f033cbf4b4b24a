/** A containerd of its own for tests, with the configuration that the lab's nodes have. */
import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ImageServiceClient, RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import { type Closable, createImageClient, createRuntimeClient } from '@kubelab/proto/runtime-v1';
import { eventually } from '@kubelab/testkit/eventually';
import { endProcess, endShims, freeSubnet, startProcess, unmountBelow } from '../dockershim/testing/engine-process.js';
import { repositoryRoot, writeTestArchive } from '../dockershim/testing/test-images.js';

const run = promisify(execFile);

export interface TestContainerd {
  /** `unix:///...` */
  endpoint: string;
  directory: string;
  /** Of a pod; goes with this containerd. */
  cgroupParent: string;
  /** A range of which the node's pods get their addresses. */
  podCidr: string;
  runtime: RuntimeServiceClient & Closable;
  image: ImageServiceClient & Closable;
  /** Its own log, for a test that fails. */
  log(): string;
  /** Runs `ctr` in the namespace that the kubelet's images and containers are in. */
  ctr(...args: string[]): Promise<string>;
  /** SIGKILL, as a crash would; start() brings it back with the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It hangs: SIGSTOP, until thaw(). */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Starts containerd (package containerd, and containernetworking-plugins for its network) with the images that the tests use. */
export async function startTestContainerd(): Promise<TestContainerd> {
  const name = `klcd${randomBytes(3).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  const socket = join(directory, 'containerd.sock');
  const config = writeConfig(directory, name);
  const logFile = join(directory, 'containerd.log');
  const endpoint = `unix://${socket}`;
  const runtime = createRuntimeClient(endpoint);
  const image = createImageClient(endpoint);
  let child: ChildProcess | undefined;
  const containerd: TestContainerd = {
    endpoint,
    directory,
    cgroupParent: `/${name}/pod`,
    podCidr: `${await freeSubnet()}.0/24`,
    runtime,
    image,
    log: () => readFileSync(logFile, 'utf8'),
    ctr: async (...args) => (await run('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args])).stdout,
    start: async () => {
      child = startProcess(['containerd', '--config', config], logFile);
      await untilItAnswers(runtime, child, () => containerd.log());
    },
    kill: () => endProcess(child, 'SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    close: async () => {
      runtime.close();
      image.close();
      await endProcess(child, 'SIGTERM');
      endShims(directory);
      await unmountBelow(directory);
      await run('ip', ['link', 'del', name]).catch(() => undefined);
      removeCgroups(name);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await containerd.start();
    const archive = join(directory, 'images.tar');
    await writeTestArchive(archive);
    await containerd.ctr('images', 'import', archive);
    rmSync(archive);
    return containerd;
  } catch (error) {
    await containerd.close();
    throw error;
  }
}

/** The node's files with every path below the test's directory, and a bridge of its own. */
function writeConfig(directory: string, bridge: string): string {
  const folder = join(repositoryRoot(), 'deploy/node/containerd');
  const network = join(directory, 'pod-network.conflist');
  const move = (text: string): string =>
    text
      .replaceAll('/run/containerd/containerd.sock', join(directory, 'containerd.sock'))
      .replaceAll('/opt/kubelab/node/containerd/pod-network.conflist', network)
      .replace(/([":])(\/var\/lib|\/run|\/etc)\//g, `$1${directory}$2/`)
      .replaceAll('"cni0"', `"${bridge}"`);
  const config = join(directory, 'config.toml');
  writeFileSync(config, move(readFileSync(join(folder, 'config.toml'), 'utf8')));
  writeFileSync(network, move(readFileSync(join(folder, 'pod-network.conflist'), 'utf8')));
  mkdirSync(join(directory, 'etc/containerd/certs.d'), { recursive: true });
  return config;
}

function untilItAnswers(runtime: RuntimeServiceClient, child: ChildProcess, log: () => string): Promise<void> {
  return eventually(
    async () => {
      const ended = child.exitCode !== null || child.signalCode !== null;
      try {
        await runtime.version({}, { timeoutMs: 5_000 });
      } catch (error) {
        const lines = log().split('\n').slice(-20).join('\n');
        throw new Error(`containerd ${ended ? 'has ended' : 'does not answer'}: ${String(error)}\n${lines}`);
      }
    },
    { what: 'containerd', timeoutMs: 30_000 },
  );
}

/** The pods' cgroups are empty, and what made them is gone. */
function removeCgroups(name: string): void {
  const mount = '/sys/fs/cgroup';
  const hierarchies = existsSync(join(mount, 'cgroup.controllers')) ? [''] : readdirSync(mount);
  const groups = hierarchies.map((hierarchy) => join(mount, hierarchy, name)).filter((group) => existsSync(group));
  for (const group of groups) {
    for (const pod of readdirSync(group, { withFileTypes: true }))
      if (pod.isDirectory()) rmdirSync(join(group, pod.name));
    rmdirSync(group);
  }
}
