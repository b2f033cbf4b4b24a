import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../errors.js';
import { ownerOf } from '../images/ownership.js';
import {
  commonLimits,
  defaultSettings,
  type LabRecord,
  type LabSettings,
  readRecord,
  writeRecord,
} from './settings.js';

export const defaultProject = 'kubelab';

/** One cluster of this checkout: where its files lie and how it was brought up. */
export interface Lab {
  /** Compose project, and name of the context in kubeconfigs. */
  readonly project: string;
  /** What tells this lab's images from those of other labs, of other checkouts too. */
  readonly owner: string;
  /** The checkout. */
  readonly root: string;
  /** What belongs to this lab alone. */
  readonly folder: string;
  /** What all labs of the checkout share and may be removed at any time: built images. */
  readonly cache: string;
  readonly logs: string;
  readonly kubeconfig: string;
  readonly recordFile: string;
}

/** The checkout: the launcher names it, otherwise the bundle lies in its dist/bundle. */
export function checkoutRoot(): string {
  return process.env['KUBELAB_ROOT'] ?? resolve(dirname(fileURLToPath(import.meta.url)), '../..');
}

export function openLab(project: string, root = checkoutRoot()): Lab {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(project)) {
    throw new UsageError(`"${project}" cannot be a project's name: use lower case letters, digits, - and _.`);
  }
  const base = join(root, '.kubelab');
  // The default lab's kubeconfig lies where plain `docker compose up` writes it.
  const folder = project === defaultProject ? base : join(base, 'projects', project);
  return {
    project,
    owner: ownerOf(project, root),
    root,
    folder,
    cache: join(base, 'cache'),
    logs: project === defaultProject ? join(base, 'logs') : join(base, 'logs', project),
    kubeconfig: join(folder, 'kubeconfig'),
    recordFile: join(folder, 'lab.json'),
  };
}

/** The recorded state; defaults for a lab that was never brought up by this command. Side projects take any free port but the API's. */
export function recordOf(lab: Lab): LabRecord {
  const found = readRecord(lab.recordFile);
  if (found) return found;
  if (lab.project === defaultProject) return { settings: defaultSettings };
  const anyPort = { registryPort: 0, etcdMetricsPort: 0, schedulerPort: 0, controllerManagerPort: 0 };
  return { settings: { ...defaultSettings, ...anyPort, apiPort: 16_443, mergeKubeconfig: false } };
}

export function saveRecord(lab: Lab, record: LabRecord): void {
  writeRecord(lab.recordFile, record);
}

/** What docker-compose.yml reads. */
export function composeEnvironment(
  lab: Lab,
  settings: LabSettings,
  images?: { control: string; node: string },
): Record<string, string> {
  const limits = commonLimits(settings);
  return {
    COMPOSE_PROJECT_NAME: lab.project,
    KUBELAB_OUTPUT: lab.folder,
    KUBELAB_NODES: String(settings.nodes),
    KUBELAB_FAILURE_CLOCK: settings.failureClock,
    KUBELAB_RUNTIME: settings.runtime,
    KUBELAB_LEGACY_TOKEN_SECRETS: String(settings.legacyTokenSecrets),
    KUBELAB_API_PORT: String(settings.apiPort),
    KUBELAB_REGISTRY_PORT: String(settings.registryPort),
    KUBELAB_ETCD_METRICS_PORT: String(settings.etcdMetricsPort),
    KUBELAB_SCHEDULER_PORT: String(settings.schedulerPort),
    KUBELAB_CONTROLLER_MANAGER_PORT: String(settings.controllerManagerPort),
    KUBELAB_NODE_CPU: String(limits.cpus ?? 0),
    KUBELAB_NODE_MEMORY: String(limits.memory ?? 0),
    ...(images ? { KUBELAB_CONTROL_TAG: tagOf(images.control), KUBELAB_NODE_TAG: tagOf(images.node) } : {}),
  };
}

function tagOf(image: string): string {
  return image.slice(image.lastIndexOf(':') + 1);
}
