/** Carries a plan out: the only place that runs iptables. */

import { CommandError, runCommand } from '../command.js';
import { jumps, type Plan } from './plan.js';

export interface Applier {
  /** `full`: also check the jumps and remove chains left over from earlier plans. */
  apply(plan: Plan, options: { full: boolean }): Promise<void>;
}

/** Waits up to five seconds for another program that holds the kernel's lock. */
const wait = ['-w', '5'];

export class IptablesApplier implements Applier {
  #lastText = '';

  async apply(plan: Plan, options: { full: boolean }): Promise<void> {
    if (plan.text === this.#lastText && !options.full) return;
    await runCommand('iptables-restore', [...wait, '--noflush', '--counters'], { input: plan.text });
    this.#lastText = plan.text;
    if (!options.full) return;
    for (const jump of jumps) await ensureJump(jump);
    await this.#removeStale(plan);
  }

  /** Chains of services that are gone; nothing jumps to them any more once the new rules are in. */
  async #removeStale(plan: Plan): Promise<void> {
    const saved = await runCommand('iptables-save', ['-t', 'nat']);
    const ours = [...saved.matchAll(/^:(KUBE-(?:SVC|SVL|SEP|EXT)-\S+)/gm)].map(([, name = '']) => name);
    const stale = ours.filter((name) => !plan.natChains.has(name));
    if (stale.length === 0) return;
    const lines = [
      '*nat',
      ...stale.map((name) => `:${name} - [0:0]`),
      ...stale.map((name) => `-X ${name}`),
      'COMMIT',
      '',
    ];
    await runCommand('iptables-restore', [...wait, '--noflush'], { input: lines.join('\n') });
  }
}

async function ensureJump({ table, chain, rule }: (typeof jumps)[number]): Promise<void> {
  const target = ['-t', table];
  try {
    await runCommand('iptables', [...wait, ...target, '-C', chain, ...rule]);
  } catch (error) {
    if (!(error instanceof CommandError) || error.code === null) throw error;
    await runCommand('iptables', [...wait, ...target, '-I', chain, ...rule]);
  }
}
