import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The mounts the kubelet makes on its node. */
export interface Mounter {
  mountTmpfs(path: string, options: { sizeBytes?: number }): Promise<void>;
  bindMount(source: string, target: string): Promise<void>;
  /** No error when nothing is mounted there. */
  unmount(path: string): Promise<void>;
  /** Mount points at or below a path, the deepest first. */
  mountsBelow(path: string): Promise<string[]>;
}

/** Uses mount(8) and umount(8) in the kubelet's own mount namespace. */
export class LinuxMounter implements Mounter {
  async mountTmpfs(path: string, options: { sizeBytes?: number }): Promise<void> {
    const size = options.sizeBytes === undefined ? [] : ['-o', `size=${options.sizeBytes}`];
    await mountCommand(['-t', 'tmpfs', ...size, 'tmpfs', path]);
  }

  async bindMount(source: string, target: string): Promise<void> {
    await mountCommand(['--no-canonicalize', '--bind', source, target]);
  }

  async unmount(path: string): Promise<void> {
    if ((await this.mountsBelow(path)).includes(path)) await run('umount', [path]);
  }

  async mountsBelow(path: string): Promise<string[]> {
    return parseMountPoints(await readFile('/proc/self/mountinfo', 'utf8'))
      .filter((point) => point === path || point.startsWith(`${path}/`))
      .sort((a, b) => b.length - a.length);
  }
}

async function mountCommand(args: string[]): Promise<void> {
  try {
    await run('mount', args);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(
      `mount failed: ${stderr?.trim() || (error as Error).message}; mounting arguments: ${args.join(' ')}`,
      { cause: error },
    );
  }
}

/** Fifth column of mountinfo; spaces and the like are octal escapes. */
export function parseMountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_match, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    );
}
