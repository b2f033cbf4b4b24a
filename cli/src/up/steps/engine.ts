import { ensureEngine } from '../../engine/start.js';
import { requireOwnProject } from '../../lab/containers.js';
import type { Step } from '../../progress/steps.js';
import type { UpContext } from '../context.js';

export const engine: Step<UpContext> = {
  title: 'Docker engine',
  async run(context, report) {
    const { docker, version, started } = await ensureEngine({ clock: context.clock, report });
    context.found.docker = docker;
    await requireOwnProject(docker, context.lab);
    if (started === undefined) return version;
    context.remember({ machine: { engine: started } });
    context.changes.push('started the Docker engine');
    return `${version}, started (${started})`;
  },
};
