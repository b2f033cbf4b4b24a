/** Puts the rules of host ports into the kernel: the only place of the shim that runs iptables. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from '@kubelab/component/logger';
import { type HostPortPlan, jumps, ownChain } from './plan.js';

/** Waits up to five seconds for another program that holds the kernel's lock. */
const wait = ['-w', '5'];

export class HostPortApplier {
  #localnetTold = false;

  constructor(private readonly logger: Logger) {}

  /** Makes the kernel's rules those of the plan; what else is in its tables stays. `bridge` is where pods are. */
  async apply(plan: HostPortPlan, bridge: string): Promise<void> {
    const present = await this.chains();
    if (present.length === 0 && plan.chains.size === 0) return;
    if (plan.chains.size > 0) {
      await run('iptables-restore', [...wait, '--noflush'], plan.text);
      for (const { chain, rule } of jumps) await ensureJump(chain, rule);
      await this.allowLoopback(bridge);
    } else {
      for (const { chain, rule } of jumps) await removeJump(chain, rule);
    }
    await this.removeStale(present.filter((chain) => !plan.chains.has(chain)));
  }

  private async chains(): Promise<string[]> {
    const saved = await run('iptables-save', ['-t', 'nat']);
    return [...saved.matchAll(ownChain)].map(([, name = '']) => name);
  }

  private async removeStale(chains: string[]): Promise<void> {
    if (chains.length === 0) return;
    const declared = chains.map((chain) => `:${chain} - [0:0]`);
    const removals = chains.map((chain) => `-X ${chain}`);
    await run(
      'iptables-restore',
      [...wait, '--noflush'],
      `${['*nat', ...declared, ...removals, 'COMMIT'].join('\n')}\n`,
    );
  }

  /** Lets 127.0.0.1:PORT reach a pod: the kernel drops such packets on their way to a bridge otherwise. */
  private async allowLoopback(bridge: string): Promise<void> {
    try {
      await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1');
    } catch (error) {
      if (!this.#localnetTold) this.logger.warn('Host ports cannot be reached at 127.0.0.1', { bridge, error });
      this.#localnetTold = true;
    }
  }
}

async function ensureJump(chain: string, rule: readonly string[]): Promise<void> {
  if (!(await hasJump(chain, rule))) await run('iptables', [...wait, '-t', 'nat', '-I', chain, ...rule]);
}

async function removeJump(chain: string, rule: readonly string[]): Promise<void> {
  if (await hasJump(chain, rule)) await run('iptables', [...wait, '-t', 'nat', '-D', chain, ...rule]);
}

async function hasJump(chain: string, rule: readonly string[]): Promise<boolean> {
  try {
    await run('iptables', [...wait, '-t', 'nat', '-C', chain, ...rule]);
    return true;
  } catch (error) {
    // Exit code 1: no such rule, 2: no such target, which says the same.
    if (error instanceof IptablesError && (error.code === 1 || error.code === 2)) return false;
    throw error;
  }
}

/** iptables did not do what it was asked; the message has what it printed. */
export class IptablesError extends Error {
  override readonly name = 'IptablesError';
  constructor(
    message: string,
    readonly code: number | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const work = promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024 });
  // A program that refuses its input ends by itself; its exit code says why.
  work.child.stdin?.on('error', () => undefined);
  work.child.stdin?.end(input);
  try {
    return (await work).stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: number | string; stderr?: string };
    const why = stderr.trim() || (error instanceof Error ? error.message : String(error));
    throw new IptablesError(`${program} failed: ${why}`, typeof code === 'number' ? code : undefined, { cause: error });
  }
}
