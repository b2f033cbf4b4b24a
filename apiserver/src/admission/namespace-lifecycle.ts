/** Nothing is created in a namespace that does not exist or is going away; some namespaces stay. */

import type { KubeObject } from '@kubelab/apimachinery/meta';
import { notFound, StatusError } from '@kubelab/apimachinery/status-error';
import type { Clock } from '@kubelab/component/clock';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../contracts.js';
import { refuse } from './refusal.js';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
const namespaces = { group: '', resource: 'namespaces' };
/** After a deletion the cache is not trusted for so long. */
const liveLookupMs = 30_000;

export interface NamespaceLifecycleOptions {
  objects: ObjectAccess;
  clock: Clock;
}

interface NamespaceLike extends Pick<KubeObject, 'metadata'> {
  status?: { phase?: string };
}

export function createNamespaceLifecycle(options: NamespaceLifecycleOptions): AdmissionPlugin {
  const deletedAt = new Map<string, number>();
  return {
    name: 'NamespaceLifecycle',
    async admit(request) {
      const isNamespace = request.definition.group === '' && request.definition.plural === 'namespaces';
      if (isNamespace) {
        if (request.operation !== 'DELETE') return;
        if (immortal.has(request.name)) throw refuse(request, 'this namespace may not be deleted');
        remember(deletedAt, request.name, options.clock.now());
        return;
      }
      if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
      if (!request.namespace || isAccessReview(request)) return;
      const namespace = await find(options, request, request.namespace, deletedAt);
      if (!namespace) throw notFound(namespaces, request.namespace);
      if (request.operation === 'CREATE' && isTerminating(namespace)) throw terminating(request, request.namespace);
    },
  };
}

function remember(deletedAt: Map<string, number>, name: string, now: number): void {
  for (const [known, at] of deletedAt) if (now - at > liveLookupMs) deletedAt.delete(known);
  deletedAt.set(name, now);
}

/** One may ask about a namespace that is not there. */
function isAccessReview({ definition }: AdmissionRequest): boolean {
  return definition.group === 'authorization.k8s.io' && definition.plural === 'localsubjectaccessreviews';
}

async function find(
  { objects, clock }: NamespaceLifecycleOptions,
  request: AdmissionRequest,
  name: string,
  deletedAt: ReadonlyMap<string, number>,
): Promise<NamespaceLike | undefined> {
  const cached = objects.peek<NamespaceLike>(namespaces, undefined, name);
  const doubtful = request.operation === 'CREATE' && clock.now() - (deletedAt.get(name) ?? 0) < liveLookupMs;
  return cached && !doubtful ? cached : objects.get<NamespaceLike>(namespaces, undefined, name);
}

function isTerminating(namespace: NamespaceLike): boolean {
  return namespace.metadata.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating';
}

function terminating(request: AdmissionRequest, namespace: string): StatusError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const refusal = refuse(request, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  const { code, reason, message, details } = refusal;
  return new StatusError({ code, reason, message, details: { ...details, causes: [cause] } });
}
