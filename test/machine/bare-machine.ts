/** A machine as fresh as it gets: a container of Debian's base system, with Node and npm copied in and nothing else of this one. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Result, run } from '../e2e/process.js';

export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Where machines keep the certificates that they trust. A company's proxy may be among them. */
const caBundle = '/etc/ssl/certs/ca-certificates.crt';

/** Those of a lab's node: what a container engine inside a container needs. */
const capabilities =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYSLOG';

const runOptions = [
  ...['--hostname', 'machine', '--cap-drop', 'ALL', ...capabilities.split(' ').flatMap((name) => ['--cap-add', name])],
  ...['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
  ...['--device-cgroup-rule', 'a *:* rwm', '--tmpfs', '/run:exec,mode=755', '--tmpfs', '/tmp:exec,mode=1777'],
  ...['--volume', '/var/lib/docker', '--label', 'io.kubelab.machine-test'],
  ...['--env', `NODE_EXTRA_CA_CERTS=${caBundle}`, '--env', `SSL_CERT_FILE=${caBundle}`],
  ...['--env', `npm_config_cafile=${caBundle}`, '--env', 'HOME=/root', '--env', 'CI=true'],
];

/** Throws with everything that was printed when the command fails. */
async function must(program: string, args: readonly string[], timeoutMs = 120_000): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, { timeoutMs });
  if (code !== 0)
    throw new Error(`${[program, ...args.slice(0, 4)].join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

export class BareMachine {
  readonly #id: string;

  private constructor(id: string) {
    this.#id = id;
  }

  /** With the checkout's last commit in /kubelab. */
  static async create(image: string): Promise<BareMachine> {
    const init = '/opt/machine/init.sh';
    const id = (await must('docker', ['create', ...runOptions, image, 'bash', init])).trim();
    const machine = new BareMachine(id);
    try {
      await machine.#furnish();
      await machine.start();
    } catch (error) {
      await machine.remove();
      throw error;
    }
    return machine;
  }

  async #furnish(): Promise<void> {
    await this.checkOut('/kubelab');
    await this.copy(`${join(root, 'test/machine/machine')}/.`, '/opt/machine');
    await this.copy(join(root, 'deploy/node/cgroups.sh'), '/opt/machine/cgroups.sh');
    await this.copy(process.execPath, '/usr/local/bin/node');
    const npm = dirname(dirname((await must('sh', ['-c', 'readlink -f "$(command -v npm)"'])).trim()));
    await this.copy(npm, '/opt/machine/npm');
    await this.copy(caBundle, '/opt/machine/ca.crt');
  }

  /** A clone of the last commit, in a folder that is not there yet. */
  async checkOut(to: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'kubelab-machine-'));
    try {
      await must('git', ['clone', '--quiet', '--depth=1', `file://${root}`, join(folder, 'kubelab')]);
      await this.copy(join(folder, 'kubelab'), to);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Follows links. */
  async copy(from: string, to: string): Promise<void> {
    await must('docker', ['cp', '--follow-link', from, `${this.#id}:${to}`]);
  }

  async start(): Promise<void> {
    await must('docker', ['start', this.#id]);
    await this.must('until [ -e /run/machine-is-up ]; do sleep 0.1; done');
    // Not all of Debian's base systems have what Node is linked with.
    await this.must(
      'node --version || { apt-get update -q && apt-get install -y -q --no-install-recommends libstdc++6; }',
      300_000,
    );
  }

  /** Everything that runs ends at once; disks stay. */
  async pullPlug(): Promise<void> {
    await must('docker', ['kill', this.#id]);
  }

  /** In the checkout. */
  run(command: string, timeoutMs = 120_000): Promise<Result> {
    return run('docker', this.#shell(command), { timeoutMs });
  }

  must(command: string, timeoutMs = 120_000): Promise<string> {
    return must('docker', this.#shell(command), timeoutMs);
  }

  /** In the first process's cgroup namespace, as everything on a machine is. */
  #shell(command: string): string[] {
    return ['exec', '--workdir', '/kubelab', this.#id, 'nsenter', '-t', '1', '-C', 'bash', '-c', command];
  }

  async remove(): Promise<void> {
    await must('docker', ['rm', '--force', '--volumes', this.#id]);
  }
}
