/** Enforces, or warns about, the pod security standards that a namespace's labels ask for. */

import type { Namespace, Pod, PodTemplateSpec } from '@kubelab/api/types';
import { invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { internalError } from '@kubelab/apimachinery/status-error';
import type { AdmissionPlugin, AdmissionRequest, ObjectAccess } from '../../contracts.js';
import { isMain, refuse } from '../refusal.js';
import { describeFindings, evaluatePod } from './evaluate.js';
import type { Finding, PodLike } from './findings.js';
import { namespaceWarnings } from './namespace-warnings.js';
import {
  compareLevels,
  formatLevelVersion,
  isSame,
  type LevelVersion,
  type Policy,
  parsePolicy,
  privileged,
} from './policy.js';
import { isSignificantChange } from './significant-change.js';

const namespaces = { group: '', resource: 'namespaces' };
/** Other subresources of pods carry a whole pod and are checked. */
const ignoredSubresources = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);
const noPolicy: Policy = { enforce: privileged, audit: privileged, warn: privileged };

/** Kinds with a pod template, and where it is. */
const templates: Readonly<Record<string, readonly string[]>> = {
  replicationcontrollers: ['spec', 'template'],
  podtemplates: ['template'],
  'replicasets.apps': ['spec', 'template'],
  'deployments.apps': ['spec', 'template'],
  'statefulsets.apps': ['spec', 'template'],
  'daemonsets.apps': ['spec', 'template'],
  'jobs.batch': ['spec', 'template'],
  'cronjobs.batch': ['spec', 'jobTemplate', 'spec', 'template'],
};

export interface PodSecurityOptions {
  objects: ObjectAccess;
}

export function createPodSecurity({ objects }: PodSecurityOptions): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    async validate(request) {
      if ((request.operation !== 'CREATE' && request.operation !== 'UPDATE') || !request.object) return;
      if (isMain(request, '', 'namespaces')) return checkNamespace(objects, request, request.object);
      if (request.definition.group === '' && request.definition.plural === 'pods')
        return checkPod(objects, request, request.object);
      return checkController(objects, request, request.object);
    },
  };
}

async function policyFor(objects: ObjectAccess, name: string): Promise<Policy> {
  const namespace =
    objects.peek<Namespace>(namespaces, undefined, name) ?? (await objects.get<Namespace>(namespaces, undefined, name));
  if (!namespace) throw internalError(new Error(`failed to lookup namespace ${JSON.stringify(name)}`));
  return parsePolicy(namespace.metadata.labels, noPolicy).policy;
}

function checkNamespace(objects: ObjectAccess, request: AdmissionRequest, object: UnstructuredObject): void {
  const { policy, errors } = parsePolicy(object.metadata.labels, noPolicy);
  const before = request.oldObject && parsePolicy(request.oldObject.metadata.labels, noPolicy);
  const old = new Set(before?.errors.map((error) => error.field + error.value));
  const fresh = errors.filter((error) => !old.has(error.field + error.value));
  if (fresh.length > 0) {
    const list = fresh.map(({ field, value, detail }) => invalid(field, value, detail));
    throw invalidObject({ group: '', kind: 'Namespace' }, object.metadata.name, list);
  }
  if (!before || policy.enforce.level === 'privileged' || isSame(policy.enforce, before.policy.enforce)) return;
  const relaxed = compareLevels(policy.enforce.level, before.policy.enforce.level) < 1;
  if (relaxed && policy.enforce.minor === before.policy.enforce.minor) return;
  for (const warning of namespaceWarnings(objects, object.metadata.name, policy.enforce)) request.warn(warning);
}

async function checkPod(objects: ObjectAccess, request: AdmissionRequest, object: UnstructuredObject): Promise<void> {
  if (ignoredSubresources.has(request.subresource)) return;
  const policy = await policyFor(objects, request.namespace ?? '');
  if (policy.enforce.level === 'privileged' && policy.warn.level === 'privileged') return;
  const pod = object as unknown as Pod;
  const old = request.oldObject as unknown as Pod | undefined;
  if (request.operation === 'UPDATE' && old && !isSignificantChange(pod, old)) return;
  const podLike = { annotations: pod.metadata.annotations ?? {}, spec: pod.spec };
  const findings = evaluatePod(podLike, policy.enforce);
  if (findings.length > 0) {
    throw refuse(request, `violates PodSecurity ${quoted(policy.enforce)}: ${describeFindings(findings)}`);
  }
  warnAbout(request, policy.warn, podLike);
}

function quoted(version: LevelVersion): string {
  return JSON.stringify(formatLevelVersion(version));
}

function warnAbout(request: AdmissionRequest, version: LevelVersion, pod: PodLike): void {
  const findings: Finding[] = evaluatePod(pod, version);
  if (findings.length > 0) request.warn(`would violate PodSecurity ${quoted(version)}: ${describeFindings(findings)}`);
}

/** Controllers are never refused: only the pods they will make are. */
async function checkController(
  objects: ObjectAccess,
  request: AdmissionRequest,
  object: UnstructuredObject,
): Promise<void> {
  if (request.subresource !== '' || !request.namespace) return;
  const { group, plural } = request.definition;
  const path = templates[group === '' ? plural : `${plural}.${group}`];
  if (!path) return;
  const template = path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    object,
  ) as PodTemplateSpec | undefined;
  if (!template?.spec) return;
  const policy = await policyFor(objects, request.namespace);
  if (policy.warn.level === 'privileged') return;
  warnAbout(request, policy.warn, { annotations: template.metadata?.annotations ?? {}, spec: template.spec });
}
