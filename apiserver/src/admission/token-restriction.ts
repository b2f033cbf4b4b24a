/** A kubelet gets tokens only for pods that run on it, and only for the audiences that these pods name. */

import type { Pod } from '@kubelab/api/types';
import { notFound } from '@kubelab/apimachinery/status-error';
import type { AdmissionRequest, Authorizer, ObjectAccess } from '../contracts.js';
import { refuse } from './refusal.js';

const podsResource = { group: '', resource: 'pods' };

export interface TokenRestrictionOptions {
  objects: ObjectAccess;
  authorizer: Authorizer;
}

interface TokenRequestSpec {
  audiences?: string[];
  boundObjectRef?: { apiVersion?: string; kind?: string; name?: string; uid?: string } | null;
}

export async function restrictTokenRequest(
  options: TokenRestrictionOptions,
  request: AdmissionRequest,
  nodeName: string,
): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const spec = (request.object?.['spec'] ?? {}) as TokenRequestSpec;
  const reference = spec.boundObjectRef;
  if (reference?.apiVersion !== 'v1' || reference.kind !== 'Pod' || !reference.name) {
    throw refuse(request, 'node requested token not bound to a pod');
  }
  if (!reference.uid) throw refuse(request, 'node requested token with a pod binding without a uid');
  const { objects } = options;
  const pod =
    objects.peek<Pod>(podsResource, request.namespace, reference.name) ??
    (await objects.get<Pod>(podsResource, request.namespace, reference.name));
  if (!pod) throw notFound(podsResource, reference.name);
  if (reference.uid !== pod.metadata.uid) {
    const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw refuse(request, why);
  }
  if (pod.spec.nodeName !== nodeName) {
    throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
  }
  await restrictAudience(options, request, pod, spec.audiences ?? []);
}

async function restrictAudience(
  options: TokenRestrictionOptions,
  request: AdmissionRequest,
  pod: Pod,
  audiences: readonly string[],
): Promise<void> {
  if (audiences.length > 1) throw refuse(request, 'node may only request 0 or 1 audiences');
  const audience = audiences[0] ?? '';
  const sources = (pod.spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  const named = sources.flatMap((source) =>
    source.serviceAccountToken ? [source.serviceAccountToken.audience ?? ''] : [],
  );
  if (named.includes(audience)) return;
  const decision = await options.authorizer.authorize({
    user: request.user,
    verb: 'request-serviceaccounts-token-audience',
    resourceRequest: true,
    apiGroup: '',
    apiVersion: 'v1',
    resource: audience,
    name: request.name,
    path: '',
    ...(request.namespace ? { namespace: request.namespace } : {}),
  });
  if (decision.allowed) return;
  throw refuse(request, `audience ${JSON.stringify(audience)} not found in pod spec volume`);
}
