import { probeEngine } from '../../engine/connect.js';
import { engineNeeds, ensureInstalled, labNeeds } from '../../host/packages.js';
import type { Step } from '../../progress/steps.js';
import type { UpContext } from '../context.js';

/** The programs this machine needs. An engine of its own only where docker has none to talk to. */
export const prerequisites: Step<UpContext> = {
  title: 'Programs',
  async run(context, report) {
    const engine = await probeEngine();
    const installed = await ensureInstalled('docker' in engine ? labNeeds : [...labNeeds, ...engineNeeds], report);
    if (installed.length === 0) return 'all there';
    context.remember({ machine: { packages: installed } });
    context.changes.push(`installed ${installed.join(', ')}`);
    return `installed ${installed.join(', ')}`;
  },
};
