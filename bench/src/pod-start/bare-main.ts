/**
 * Runs inside a node: makes what a pod is made of (a pause container, and a container in its network and IPC namespaces) through the
 * node's own engine, with nothing in between, as the docker shim would make it, and takes it away again. Argument: a BareRequest;
 * output: a BareAnswer.
 */
import Docker from 'dockerode';
import type { BareAnswer, BareRequest, BareSample } from './bare-request.js';

const socketPath = '/var/run/docker.sock';
/** Upstream's default. */
const graceSeconds = 30;

interface BarePod {
  pause: Docker.Container;
  container: Docker.Container;
}

/** The image that this node's pods share their namespaces through. */
async function findPauseImage(docker: Docker): Promise<string> {
  const names = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  const pause = names.find((name) => /(^|\/)pause:/.test(name));
  if (pause === undefined) throw new Error(`this node has no pause image, only ${names.join(', ')}`);
  return pause;
}

function pauseOptions(name: string, Image: string): Docker.ContainerCreateOptions {
  return {
    name,
    Image,
    HostConfig: {
      NetworkMode: 'default',
      IpcMode: 'shareable',
      CpuShares: 2,
      LogConfig: { Type: 'none', Config: {} },
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'],
    },
  };
}

function containerOptions(name: string, pause: string, request: BareRequest): Docker.ContainerCreateOptions {
  return {
    name,
    Image: request.image,
    Entrypoint: [...request.command],
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: `container:${pause}`,
      IpcMode: `container:${pause}`,
      CpuShares: 2,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '64m', 'max-file': '2' } },
    },
  };
}

async function startPod(
  docker: Docker,
  request: BareRequest,
  pauseImage: string,
  index: number,
  made: BarePod[],
): Promise<BareSample> {
  const start = performance.now();
  const pause = await docker.createContainer(pauseOptions(`${request.prefix}-${index}-pause`, pauseImage));
  const pod = { pause, container: pause };
  made.push(pod);
  await pause.start();
  pod.container = await docker.createContainer(containerOptions(`${request.prefix}-${index}`, pause.id, request));
  await pod.container.start();
  return { ms: performance.now() - start, sinceStartMs: Date.now() - request.startAt };
}

async function startAll(docker: Docker, request: BareRequest, made: BarePod[]): Promise<BareSample[]> {
  const pauseImage = await findPauseImage(docker);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, request.startAt - Date.now())));
  const samples: BareSample[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < request.pods) samples.push(await startPod(docker, request, pauseImage, next++, made));
  };
  await Promise.all(Array.from({ length: request.parallel }, lane));
  return samples;
}

/** As pods end that hear SIGTERM: the container is asked to, the pause container is not asked. */
async function deletePod({ pause, container }: BarePod, since: number): Promise<number> {
  await container.stop({ t: graceSeconds });
  await pause.kill();
  await container.remove({ force: true, v: true });
  await pause.remove({ force: true, v: true });
  return performance.now() - since;
}

async function measure(docker: Docker, request: BareRequest, made: BarePod[]): Promise<BareAnswer> {
  const starts = await startAll(docker, request, made);
  const pods = made.splice(0);
  const since = performance.now();
  return { starts, deletionMs: await Promise.all(pods.map((pod) => deletePod(pod, since))) };
}

async function main(): Promise<void> {
  const request = JSON.parse(process.argv[2] ?? '') as BareRequest;
  const docker = new Docker({ socketPath });
  const made: BarePod[] = [];
  try {
    process.stdout.write(JSON.stringify(await measure(docker, request, made)));
  } finally {
    // What is left after a failure: containers before those whose namespaces they are in.
    for (const { container, pause } of made) {
      if (container !== pause) await container.remove({ force: true, v: true });
      await pause.remove({ force: true, v: true });
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
