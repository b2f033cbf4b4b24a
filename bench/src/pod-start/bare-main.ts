/**
 * Runs inside a node: makes what a pod is made of (a pause container, and a container in its network and IPC namespaces) through the
 * node's own engine, with nothing in between, as the docker shim would make it. Argument: a BareRequest; output: a list of BareSample.
 */
import Docker from 'dockerode';
import type { BareRequest, BareSample } from './bare-request.js';

const socketPath = '/var/run/docker.sock';

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
  made: Docker.Container[],
): Promise<BareSample> {
  const start = performance.now();
  const pause = await docker.createContainer(pauseOptions(`${request.prefix}-${index}-pause`, pauseImage));
  made.push(pause);
  await pause.start();
  const container = await docker.createContainer(containerOptions(`${request.prefix}-${index}`, pause.id, request));
  made.push(container);
  await container.start();
  return { ms: performance.now() - start, sinceStartMs: Date.now() - request.startAt };
}

async function measure(docker: Docker, request: BareRequest, made: Docker.Container[]): Promise<BareSample[]> {
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

async function main(): Promise<void> {
  const request = JSON.parse(process.argv[2] ?? '') as BareRequest;
  const docker = new Docker({ socketPath });
  const made: Docker.Container[] = [];
  try {
    const samples = await measure(docker, request, made);
    process.stdout.write(JSON.stringify(samples));
  } finally {
    // Containers before those whose namespaces they are in.
    for (const container of made.reverse()) await container.remove({ force: true, v: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
