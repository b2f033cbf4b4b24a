import type { ResourceType } from '@kubelab/api/resource';
import { parseApiVersion } from '@kubelab/apimachinery/meta';
import { StatusError } from '@kubelab/apimachinery/status-error';
import { ConnectionError, type KubeClient } from '@kubelab/client/client';
import type { ServiceContext } from '@kubelab/component/service';
import type { Manifest } from './manifests.js';

export const fieldManager = 'kubelab-addon-manager';

export interface ApplyOptions extends Pick<ServiceContext, 'logger' | 'clock' | 'signal'> {
  client: KubeClient;
  timeoutMs: number;
}

const retryMs = 200;

/** Applies one object server-side and keeps trying while the cluster is still coming up. Throws what trying again cannot cure. */
export async function applyManifest(manifest: Manifest, options: ApplyOptions): Promise<void> {
  const { clock, logger, signal } = options;
  const { name, namespace } = manifest.metadata;
  const deadline = clock.now() + options.timeoutMs;
  let reported = '';
  for (;;) {
    try {
      const type = await discoverType(options.client, manifest);
      await options.client.patch(type, name, namespace, 'apply', manifest, { fieldManager, force: true });
      logger.info('Applied', { kind: manifest.kind, name, ...(namespace === undefined ? {} : { namespace }) });
      return;
    } catch (error) {
      if (!mayPass(error) || clock.now() > deadline) {
        throw new Error(`cannot apply ${manifest.kind} ${name}: ${messageOf(error)}`, { cause: error });
      }
      if (messageOf(error) !== reported) {
        reported = messageOf(error);
        logger.info('Waiting for the API server', { kind: manifest.kind, name, error: reported });
      }
      await clock.sleep(retryMs, signal);
    }
  }
}

/** Asks the server how a kind is addressed, as any generic client does. */
async function discoverType(client: KubeClient, { apiVersion, kind }: Manifest): Promise<ResourceType> {
  const { group, version } = parseApiVersion(apiVersion);
  const path = group === '' ? `/api/${version}` : `/apis/${apiVersion}`;
  const { code, body } = await client.raw('GET', path);
  if (code !== 200) throw new StatusError({ code, reason: '', message: `${path} answered ${code}` });
  const { resources } = JSON.parse(body) as { resources: { name: string; kind: string; namespaced: boolean }[] };
  const resource = resources.find((item) => item.kind === kind && !item.name.includes('/'));
  if (!resource) throw new Error(`the server has no kind ${kind} in ${apiVersion}`);
  return { group, version, kind, plural: resource.name, namespaced: resource.namespaced };
}

/**
 * No answer, an overloaded or starting server, and what is missing while the first objects of a cluster appear: namespaces (404) and
 * the bootstrap roles (403).
 */
function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof StatusError && (error.code >= 500 || [401, 403, 404, 409, 429].includes(error.code));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
