/** Every pod runs as a service account of its namespace, and gets that account's token unless it does not want it. */

import type { Container, Pod, ServiceAccount, VolumeMount } from '@kubelab/api/types';
import { randomSuffix } from '@kubelab/apimachinery/generate-name';
import { deepClone } from '@kubelab/apimachinery/json';
import type { Clock } from '@kubelab/component/clock';
import { referencesOf } from '../authorization/node/pod-references.js';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../contracts.js';
import { mountableSecretProblem } from './mountable-secrets.js';
import { isMain, refuse } from './refusal.js';

export const mirrorAnnotation = 'kubernetes.io/config.mirror';
const accounts = { group: '', resource: 'serviceaccounts' };
const defaultAccount = 'default';
const volumePrefix = 'kube-api-access-';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour and a few seconds: so that the server can tell these tokens and extend them for old clients. */
const tokenSeconds = 3607;
/** The default account of a new namespace is made by a controller: it is waited for this often. */
const attemptsForDefault = 10;
const attemptMs = 150;

export interface ServiceAccountOptions {
  objects: ObjectAccess;
  clock: Clock;
}

export function createServiceAccountPlugin(options: ServiceAccountOptions): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    async admit(request) {
      if (!appliesTo(request)) return;
      const pod = request.object as unknown as Pod;
      if (isMirror(pod)) return refuseReferences(request, pod);
      const { spec } = pod;
      if (!spec.serviceAccountName) spec.serviceAccountName = defaultAccount;
      // The deprecated field is served with the same value for ever.
      spec.serviceAccount = spec.serviceAccountName;
      const account = await findAccount(options, request, spec.serviceAccountName);
      if (wantsToken(pod, account)) mountToken(pod);
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = deepClone(account.imagePullSecrets);
      }
    },
    async validate(request) {
      if (!appliesTo(request)) return;
      const pod = request.object as unknown as Pod;
      if (isMirror(pod)) return refuseReferences(request, pod);
      const name = pod.spec.serviceAccountName ?? '';
      if (name === '') throw refuse(request, 'no service account specified for pod');
      const problem = mountableSecretProblem(pod, await findAccount(options, request, name));
      if (problem) throw refuse(request, problem);
    },
  };
}

function appliesTo(request: AdmissionRequest): boolean {
  return request.operation === 'CREATE' && request.object !== undefined && isMain(request, '', 'pods');
}

function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[mirrorAnnotation] !== undefined;
}

/** A mirror pod shows what a kubelet runs by itself; it must not open objects to that kubelet. */
function refuseReferences(request: AdmissionRequest, pod: Pod): void {
  if (pod.spec.serviceAccountName) throw refuse(request, 'a mirror pod may not reference service accounts');
  const { secrets } = referencesOf(pod);
  if (secrets.size > 0) throw refuse(request, 'a mirror pod may not reference secrets');
  const sources = (pod.spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  if (sources.some((source) => source.serviceAccountToken)) {
    throw refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections');
  }
}

async function findAccount(
  { objects, clock }: ServiceAccountOptions,
  request: AdmissionRequest,
  name: string,
): Promise<ServiceAccount> {
  const namespace = request.namespace ?? '';
  const attempts = name === defaultAccount ? attemptsForDefault : 1;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const account =
      objects.peek<ServiceAccount>(accounts, namespace, name) ??
      (await objects.get<ServiceAccount>(accounts, namespace, name));
    if (account) return account;
    if (attempt < attempts) await clock.sleep(attemptMs);
  }
  throw refuse(
    request,
    `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
  );
}

function wantsToken(pod: Pod, account: ServiceAccount): boolean {
  return pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

function mountToken(pod: Pod): void {
  const volumes = pod.spec.volumes ?? [];
  const existing = volumes.find((volume) => volume.name.startsWith(volumePrefix));
  const name = existing?.name ?? `${volumePrefix}${randomSuffix(5)}`;
  let used = false;
  for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]) {
    used = mountInto(container, { name, readOnly: true, mountPath }) || used;
  }
  if (used && !existing) pod.spec.volumes = [...volumes, tokenVolume(name)];
}

/** Something else at the same path keeps the token out. */
function mountInto(container: Container, mount: VolumeMount): boolean {
  const mounts = container.volumeMounts ?? [];
  if (mounts.some((other) => other.mountPath === mountPath)) return false;
  container.volumeMounts = [...mounts, mount];
  return true;
}

function tokenVolume(name: string): NonNullable<Pod['spec']['volumes']>[number] {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
