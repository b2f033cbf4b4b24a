/** What the runtime suite needs of a runtime, and short forms of what every test does with it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { complete } from '@kubelab/proto/complete';
import { isCriError } from '@kubelab/proto/cri-error';
import type {
  ContainerConfigInput,
  ContainerStatus,
  ImageServiceClient,
  PodSandboxConfigInput,
  RuntimeServiceClient,
} from '@kubelab/proto/generated/runtime-v1';

export interface RuntimeConnection {
  runtime: RuntimeServiceClient;
  image: ImageServiceClient;
  /** An image with a shell that the runtime has already. */
  testImage: string;
  /** An empty directory on the runtime's machine. */
  directory: string;
  close(): Promise<void>;
}

export interface StartedContainer {
  id: string;
  logPath: string;
}

/** One pod of a test. */
export class TestPod {
  sandboxId = '';
  private attempts = 0;

  private constructor(
    private readonly connection: RuntimeConnection,
    readonly config: PodSandboxConfigInput,
  ) {}

  static async run(connection: RuntimeConnection, overrides: PodSandboxConfigInput = {}): Promise<TestPod> {
    const pod = new TestPod(connection, sandboxConfig(connection, overrides));
    pod.sandboxId = (await connection.runtime.runPodSandbox({ config: pod.config })).podSandboxId;
    return pod;
  }

  async create(overrides: ContainerConfigInput = {}): Promise<StartedContainer> {
    const name = overrides.metadata?.name ?? `c${this.attempts++}`;
    const config: ContainerConfigInput = {
      image: { image: this.connection.testImage },
      logPath: `${name}/0.log`,
      labels: { 'io.kubernetes.container.name': name },
      ...overrides,
      metadata: { name, attempt: 0, ...overrides.metadata },
    };
    const { containerId } = await this.connection.runtime.createContainer({
      podSandboxId: this.sandboxId,
      config,
      sandboxConfig: this.config,
    });
    return { id: containerId, logPath: join(this.config.logDirectory ?? '', config.logPath ?? '') };
  }

  async start(overrides: ContainerConfigInput = {}): Promise<StartedContainer> {
    const container = await this.create(overrides);
    await this.connection.runtime.startContainer({ containerId: container.id });
    return container;
  }

  /** A container that runs the shell script. */
  shell(script: string, overrides: ContainerConfigInput = {}): Promise<StartedContainer> {
    return this.start({ command: ['sh', '-c', script], ...overrides });
  }

  async status(container: StartedContainer): Promise<ContainerStatus> {
    const { status } = await this.connection.runtime.containerStatus({ containerId: container.id });
    return status ?? complete('ContainerStatus', {});
  }

  async exited(container: StartedContainer): Promise<ContainerStatus> {
    return eventually(
      () => this.status(container),
      ({ state }) => state === 'CONTAINER_EXITED',
    );
  }

  async exec(
    container: StartedContainer,
    script: string,
  ): Promise<{ stdout: string; stderr: string; exitCode: number }> {
    const cmd = ['sh', '-c', script];
    const answer = await this.connection.runtime.execSync({ containerId: container.id, cmd, timeout: 20 });
    return { stdout: answer.stdout.toString(), stderr: answer.stderr.toString(), exitCode: answer.exitCode };
  }

  async address(): Promise<string> {
    const { status } = await this.connection.runtime.podSandboxStatus({ podSandboxId: this.sandboxId });
    return status?.network?.ip ?? '';
  }

  async remove(): Promise<void> {
    for (let triesLeft = 3; triesLeft > 0; triesLeft--) {
      try {
        await this.connection.runtime.stopPodSandbox({ podSandboxId: this.sandboxId });
        break;
      } catch (error) {
        // The test has removed it.
        if (isCriError(error, 'NOT_FOUND')) break;
        // containerd fails when a container ends at the very moment it is killed ("ttrpc: closed"): who stops a pod has to try again.
        if (triesLeft === 1) throw error;
      }
    }
    await this.connection.runtime.removePodSandbox({ podSandboxId: this.sandboxId });
  }
}

function sandboxConfig({ directory }: RuntimeConnection, overrides: PodSandboxConfigInput): PodSandboxConfigInput {
  const uid = randomUUID();
  const name = overrides.metadata?.name ?? `pod-${uid.slice(0, 8)}`;
  return {
    hostname: name,
    logDirectory: join(directory, 'logs', uid),
    labels: { 'io.kubernetes.pod.name': name, 'io.kubernetes.pod.uid': uid },
    annotations: { 'tests.example/note': 'a: b' },
    ...overrides,
    metadata: { name, namespace: 'default', uid, attempt: 0, ...overrides.metadata },
  };
}

/** Asks until the answer is as wanted; fails with the last answer. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  wanted: (answer: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface LogLine {
  time: string;
  stream: string;
  tag: string;
  text: string;
}

/** The lines of a CRI log; anything that is not in the format is an error. */
export function readLog(path: string): LogLine[] {
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends in the middle of a line`);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const match =
        /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) (.*)$/s.exec(line);
      if (!match) throw new Error(`not a CRI log line: ${JSON.stringify(line)}`);
      const [, time = '', stream = '', tag = '', rest = ''] = match;
      return { time, stream, tag, text: rest };
    });
}
