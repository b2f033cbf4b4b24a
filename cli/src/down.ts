import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import { ensureEngine } from './engine/start.js';
import { isMissing, removeStages } from './images/lab-images.js';
import { removeFromUserFile } from './kubeconfig/user-file.js';
import { listContainers } from './lab/containers.js';
import { defaultProject, type Lab } from './lab/lab.js';
import type { Recipe } from './progress/steps.js';

export interface DownContext {
  readonly lab: Lab;
  /** Also what was built, and is kept for the next `up` otherwise. */
  readonly images: boolean;
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
    title: 'Files',
    async run({ lab, images }) {
      await removeFromUserFile(lab.project, systemClock);
      for (const file of ['kubeconfig', 'lab.json']) rmSync(join(lab.folder, file), { force: true });
      if (lab.project !== defaultProject) rmSync(lab.folder, { recursive: true, force: true });
      if (images) rmSync(lab.cache, { recursive: true, force: true });
      removeIfEmpty(join(lab.root, '.kubelab/projects'));
      removeIfEmpty(join(lab.root, '.kubelab'));
      return 'removed the kubectl context and the kubeconfig';
    },
  },
  {
    title: 'Images',
    skip: ({ images }) => (images ? undefined : 'kept for the next `up` (`./kubelab down --images` removes them)'),
    async run({ docker }) {
      const all = await docker!.listImages({ filters: { reference: ['kubelab/*'] } });
      const names = all.flatMap(({ RepoTags }) => RepoTags ?? []);
      for (const name of names) await docker!.getImage(name).remove();
      await removeStages(docker!, '0s');
      return `removed ${names.join(', ')}`;
    },
  },
];

/** With its anonymous volumes. Somebody else may remove it at the same time. */
async function removeContainer(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
