import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { ensureEngine } from './engine/start.js';
import { removeOwnImages, removeStages } from './images/owned-images.js';
import { removeEmptyFile, removeFromUserFile } from './kubeconfig/user-file.js';
import { listContainers, requireOwnProject } from './lab/containers.js';
import { defaultProject, type Lab, recordOf } from './lab/lab.js';
import { removeContainer } from './lab/remove-container.js';
import type { LabRecord } from './lab/settings.js';
import type { Recipe } from './progress/steps.js';

export interface DownContext {
  readonly lab: Lab;
  /** For a quick next `up`. */
  readonly keepImages: boolean;
  /** The logs that were collected when something failed. */
  readonly keepLogs: boolean;
  docker?: Docker;
}

/** Everything carries Compose's label of the project, so that nothing else is touched and no Compose is needed. */
const byProject = (lab: Lab): { label: string[] } => ({ label: [`com.docker.compose.project=${lab.project}`] });

export const downRecipe: Recipe<DownContext> = [
  {
    title: 'Docker engine',
    async run(context, report) {
      const { docker, version } = await ensureEngine({ clock: systemClock, report });
      context.docker = docker;
      await requireOwnProject(docker, context.lab);
      return version;
    },
  },
  {
    title: 'Containers',
    async run({ lab, docker }) {
      const containers = await listContainers(docker!, lab);
      await Promise.all(containers.map(({ id }) => removeContainer(docker!, id)));
      return `removed ${containers.length}`;
    },
  },
  {
    title: 'Volumes and network',
    async run({ lab, docker }) {
      const { Volumes } = await docker!.listVolumes({ filters: byProject(lab) });
      await Promise.all((Volumes ?? []).map(({ Name }) => docker!.getVolume(Name).remove()));
      const networks = await docker!.listNetworks({ filters: byProject(lab) });
      await Promise.all(networks.map(({ Id }) => docker!.getNetwork(Id).remove()));
      return `removed ${(Volumes ?? []).length} and ${networks.length}`;
    },
  },
  {
    title: 'Images',
    skip: ({ keepImages }) => (keepImages ? 'kept for the next `up`' : undefined),
    async run({ lab, docker }) {
      const { removed, inUse } = await removeOwnImages(docker!, lab.owner);
      await removeStages(docker!, lab.owner);
      return [`removed ${removed.length}`, ...inUse.map((name) => `${name} stays: a container uses it`)].join('; ');
    },
  },
  {
    title: 'Files',
    async run(context) {
      await removeContext(context.lab);
      removeFiles(context);
      return 'removed the kubectl context and the kubeconfig';
    },
  },
];

/** From where `up` wrote it; a context of this name elsewhere is somebody else's. */
async function removeContext(lab: Lab): Promise<void> {
  const { userKubeconfig } = recordOf(lab);
  if (userKubeconfig === undefined) return;
  const { file, created } = userKubeconfig;
  await removeFromUserFile(lab.project, systemClock, file);
  if (created) removeEmptyFile(file);
}

function removeFiles({ lab, keepImages, keepLogs }: DownContext): void {
  const base = join(lab.root, '.kubelab');
  for (const file of ['kubeconfig', 'lab.json']) rmSync(join(lab.folder, file), { force: true });
  if (lab.project !== defaultProject) rmSync(lab.folder, { recursive: true, force: true });
  if (!keepLogs) removeLogs(lab);
  removeIfEmpty(join(base, 'projects'));
  // Archives of images and the like: the checkout's other labs use them too.
  const last = !existsSync(join(base, 'projects')) && !existsSync(join(base, 'lab.json'));
  if (!keepImages && last) rmSync(lab.cache, { recursive: true, force: true });
  removeIfEmpty(base);
}

/** Other projects' logs lie in folders of the default one's. */
function removeLogs(lab: Lab): void {
  if (!existsSync(lab.logs)) return;
  for (const entry of readdirSync(lab.logs, { withFileTypes: true })) {
    if (entry.isFile()) rmSync(join(lab.logs, entry.name));
  }
  removeIfEmpty(lab.logs);
  removeIfEmpty(join(lab.root, '.kubelab/logs'));
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

/** What a machine needed is now its own: others may use it by now. One sentence each. */
export function whatStays(machine: LabRecord['machine']): string[] {
  const { packages = [], engine } = machine ?? {};
  return [
    ...(packages.length > 0 ? [`The packages that \`up\` installed stay: ${packages.join(', ')}.`] : []),
    ...(engine === undefined ? [] : [`The Docker engine that \`up\` started goes on running (${engine}).`]),
  ];
}
