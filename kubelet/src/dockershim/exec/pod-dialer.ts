/** Connections to the ports of a pod: by its address, or from inside its network namespace where only localhost listens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { CriError } from '@kubelab/proto/cri-error';
import type { PortForwarder } from '../streaming/port-forwarder.js';
import { relay } from './relay.js';

export interface PodTarget {
  sandboxId: string;
  /** Empty for a pod in the node's network. */
  address: string;
  /** The sandbox's process on the node. */
  pid: number;
  /** Where the relay's socket may lie. */
  runDirectory: string;
}

export class PodDialer implements PortForwarder {
  private relay: Promise<Relay> | undefined;

  constructor(private readonly target: PodTarget) {}

  get pod(): string {
    return this.target.sandboxId;
  }

  async dial(port: number): Promise<Duplex> {
    const { address } = this.target;
    if (address === '') return connectTo({ host: '127.0.0.1', port });
    try {
      return await connectTo({ host: address, port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
      return this.dialInside(port);
    }
  }

  close(): void {
    this.relay?.then((started) => started.stop()).catch(() => undefined);
  }

  /** One relay serves all connections of the session. */
  private async dialInside(port: number): Promise<Duplex> {
    this.relay ??= Relay.start(this.target);
    const socket = await connectTo({ path: (await this.relay).path });
    socket.write(`${port}\n`);
    const answer = await firstLine(socket);
    if (answer === 'ok') return socket;
    socket.destroy();
    throw new CriError('UNAVAILABLE', `failed to connect to localhost:${port} inside namespace: ${answer}`);
  }
}

function connectTo(options: { host: string; port: number } | { path: string }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // Whoever carries the bytes sees a broken connection as its close.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** Reads up to the line break and leaves the rest in the socket. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the relay has gone'));
    socket.once('close', gone);
    socket.once('readable', function read(): void {
      let line = '';
      for (let byte = socket.read(1) as Buffer | null; byte; byte = socket.read(1) as Buffer | null) {
        if (byte[0] === 0x0a) {
          socket.off('close', gone);
          resolve(line);
          return;
        }
        line += byte.toString('latin1');
      }
      socket.once('readable', read);
    });
  });
}

class Relay {
  private constructor(
    private readonly child: ChildProcess,
    readonly path: string,
  ) {}

  /** The relay is this same Node in the pod's network namespace; it ends when its stdin does, so it never outlives the shim. */
  static async start({ pid, runDirectory }: PodTarget): Promise<Relay> {
    mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
    const path = join(runDirectory, `relay-${randomBytes(6).toString('hex')}.sock`);
    const script = `(${relay.toString()})(require('node:net'), ${JSON.stringify(path)})`;
    const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', process.execPath, '-e', script], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    const started = new Relay(child, path);
    try {
      await started.ready();
    } catch (error) {
      started.stop();
      throw error;
    }
    return started;
  }

  stop(): void {
    this.child.stdin?.destroy();
    this.child.kill('SIGKILL');
    rmSync(this.path, { force: true });
  }

  private async ready(): Promise<void> {
    let problem = '';
    this.child.stderr?.on('data', (chunk: Buffer) => {
      problem += chunk.toString();
    });
    this.child.stdin?.on('error', () => undefined);
    const exited = new Promise<never>((_resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', () => reject(new Error(`the relay ended: ${problem.trim().split('\n').at(-1) ?? ''}`)));
    });
    // After the start nobody waits for it any more.
    exited.catch(() => undefined);
    if (!this.child.stdout) throw new Error('the relay has no output');
    const lines = createInterface({ input: this.child.stdout });
    await Promise.race([new Promise((resolve) => lines.once('line', resolve)), exited]);
    lines.close();
  }
}
