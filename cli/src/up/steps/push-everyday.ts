import { RegistryClient } from '@kubelab/deploy/registry-client/registry-client';
import { messageOf } from '../../errors.js';
import { everydayName } from '../../images/everyday-images.js';
import { pushArchive } from '../../images/push-archive.js';
import { listContainers } from '../../lab/containers.js';
import { registryUrl } from '../../lab/registry-url.js';
import type { Step } from '../../progress/steps.js';
import { waitUntil } from '../../wait/wait-until.js';
import { found, type UpContext } from '../context.js';

export const pushEveryday: Step<UpContext> = {
  title: 'Images for the registry',
  skip: (context) => (context.found.everydayArchive === undefined ? 'nodes pull from Docker Hub' : undefined),
  async run(context, report) {
    const registry = registryUrl(await listContainers(found(context, 'docker'), context.lab));
    await waitForRegistry(registry, context, report);
    const archive = found(context, 'everydayArchive');
    const { pushed, unchanged } = await pushArchive({ archive, registry, rename: everydayName, report });
    if (unchanged < pushed.length) context.changes.push(`pushed ${pushed.length - unchanged} images to the registry`);
    const names = new Set(pushed.map((name) => name.replace(/:.*$/, '')));
    return `${[...names].join(', ')} under ${pushed.length} names`;
  },
};

async function waitForRegistry(registry: string, context: UpContext, report: (state: string) => void): Promise<void> {
  const client = new RegistryClient(registry);
  try {
    await waitUntil({
      what: 'the registry to answer',
      timeoutMs: context.timeoutMs,
      intervalMs: 150,
      clock: context.clock,
      report,
      probe: async () => {
        try {
          await client.ping();
          return { done: true };
        } catch (error) {
          return { done: false, state: messageOf(error) };
        }
      },
      onTimeout: async () => [],
      hint: 'See `./kubelab logs registry`.',
    });
  } finally {
    client.close();
  }
}
