import { openCompose } from '../../compose/compose.js';
import { CliError } from '../../errors.js';
import { contentHash } from '../../images/content-hash.js';
import {
  isNode,
  type LabContainer,
  listContainers,
  longRunningServices,
  oneShotServices,
} from '../../lab/containers.js';
import { composeEnvironment, type Lab, recordOf } from '../../lab/lab.js';
import { commonLimits, type LabSettings } from '../../lab/settings.js';
import { markComingBack, unmarkComingBack } from '../../nodes/coming-back.js';
import { requirePossible, restoreLimits } from '../../nodes/limit-containers.js';
import { removeMachine, surplusNodes } from '../../nodes/machines.js';
import { restoreNames } from '../../nodes/name-containers.js';
import type { Report, Step } from '../../progress/steps.js';
import { found, type UpContext } from '../context.js';

/** Brings the containers to what docker-compose.yml, the settings and the images say. */
export const containers: Step<UpContext> = {
  title: 'Containers',
  async run(context, report) {
    const { lab, settings } = context;
    const docker = found(context, 'docker');
    const environment = composeEnvironment(lab, settings, found(context, 'images'));
    context.found.compose = await openCompose(lab, environment);
    context.found.fingerprint = fingerprintOf(lab, environment);
    const existing = await listContainers(docker, lab);
    await requirePossible(docker, commonLimits(settings));
    if (context.applied === context.found.fingerprint && runsAsAsked(existing, settings)) return 'running';
    await composeUp(context, report);
    const now = await listContainers(docker, lab);
    const before = new Map(existing.map(({ id, state }) => [id, state]));
    const changed = now.length !== existing.length || now.some(({ id, state }) => before.get(id) !== state);
    if (changed) context.changes.push('started containers');
    return `${now.filter(({ state }) => state === 'running').length} running`;
  },
};

/** Fewer nodes than there were. */
async function removeSurplus(context: UpContext, report: Report): Promise<void> {
  const docker = found(context, 'docker');
  const surplus = surplusNodes(await listContainers(docker, context.lab), context.settings.nodes);
  for (const container of surplus) {
    report(`removing ${container.node}`);
    await removeMachine(docker, context.lab, container);
  }
  context.found.removedNodes = surplus.map(({ node }) => node);
  if (surplus.length > 0) context.changes.push(`removed ${context.found.removedNodes.join(', ')}`);
}

/** Changes when anything does that Compose would act upon. */
function fingerprintOf(lab: Lab, environment: Record<string, string>): string {
  return contentHash(lab.root, ['docker-compose.yml'], JSON.stringify(environment));
}

export function runsAsAsked(existing: readonly LabContainer[], settings: Pick<LabSettings, 'nodes'>): boolean {
  const running = existing.filter(({ state }) => state === 'running');
  const finished = existing.filter(({ state, status }) => state === 'exited' && status.startsWith('Exited (0)'));
  return (
    longRunningServices.every((service) => running.some((container) => container.service === service)) &&
    oneShotServices.every((service) => finished.some((container) => container.service === service)) &&
    existing.filter(isNode).length === settings.nodes &&
    running.filter(isNode).length === settings.nodes
  );
}

async function composeUp(context: UpContext, report: Report): Promise<void> {
  const compose = found(context, 'compose');
  const docker = found(context, 'docker');
  const { lab } = context;
  const nodes = async (): Promise<LabContainer[]> => (await listContainers(docker, lab)).filter(isNode);
  const run = (...args: string[]): Promise<string> =>
    compose.run(['up', ...args, '--no-build', '--remove-orphans'], (line) => report(line.trim()));
  try {
    await removeSurplus(context, report);
    await markComingBack(await nodes());
    // A machine reads its name and its size when it starts.
    const { nodeNames = {}, nodeLimits = {} } = recordOf(lab);
    if (Object.keys({ ...nodeNames, ...nodeLimits }).length > 0) {
      await run('--no-start');
      await restoreNames(docker, await nodes(), lab);
      await restoreLimits(docker, await nodes(), lab);
    }
    await run('--detach');
    await unmarkComingBack(await nodes());
  } catch (error) {
    throw explainPortConflict(error, context.settings) ?? error;
  }
}

function explainPortConflict(error: unknown, settings: LabSettings): CliError | undefined {
  if (!(error instanceof CliError)) return undefined;
  const line = error.details.find((text) => /port is already allocated|address already in use/.test(text));
  const port = /:(\d+)(?: |:).*(?:already|in use)/.exec(line ?? '')?.[1];
  if (line === undefined) return undefined;
  return new CliError(`Port ${port ?? ''} of this machine is taken by another program.`.replace('  ', ' '), {
    hint:
      Number(port) === settings.apiPort
        ? 'Choose another with `./kubelab up --api-port PORT`.'
        : 'Choose another with `./kubelab up --registry-port PORT` (0 for any), or end that program.',
    details: [line],
    cause: error,
  });
}
