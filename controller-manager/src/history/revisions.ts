/** ControllerRevisions: the templates a DaemonSet or StatefulSet has had. Pure. */

import type { ControllerRevision, PodTemplateSpec } from '@kubelab/api/types';
import { deepEqual, isObject } from '@kubelab/apimachinery/json';
import type { Draft, KubeObject } from '@kubelab/apimachinery/meta';
import { controllerReference } from '@kubelab/controller/owner';
import { templateHash } from '../pods/template-hash.js';

/** On pods: a DaemonSet's hash, or the name of a StatefulSet's revision. */
export const revisionLabel = 'controller-revision-hash';
/** On a StatefulSet's revisions. */
export const hashLabel = 'controller.kubernetes.io/hash';

const longestPrefix = 223;

/**
 * What `kubectl rollout undo` applies: a strategic merge patch that replaces the template. Clients compare it byte by byte with one that
 * they make themselves, whose keys are in order.
 */
export function revisionData(template: PodTemplateSpec): Record<string, unknown> {
  return { spec: { template: inKeyOrder({ ...template, $patch: 'replace' }) } };
}

function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, inKeyOrder(value[key])]));
}

export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const { spec } = (revision.data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  if (!spec?.template) return undefined;
  const { $patch: _replace, ...template } = spec.template;
  return template;
}

export function sameData(revision: ControllerRevision, template: PodTemplateSpec): boolean {
  return deepEqual(revision.data, revisionData(template));
}

export interface RevisionOptions {
  template: PodTemplateSpec;
  revision: number;
  collisions: number;
  /** Which label carries the hash. */
  label: string;
}

export function draftRevision(
  owner: KubeObject,
  { template, revision, collisions, label }: RevisionOptions,
): Draft<ControllerRevision> {
  const hash = templateHash(template, collisions);
  const { name, namespace = '', annotations } = owner.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name.slice(0, longestPrefix)}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [label]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    data: revisionData(template),
    revision,
  };
}

export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const [left, right] = [a.metadata, b.metadata];
  if (left.creationTimestamp !== right.creationTimestamp)
    return left.creationTimestamp < right.creationTimestamp ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}

export interface HistoryPlan {
  /** The revision of the current template, if there is one. */
  current: ControllerRevision | undefined;
  /** The number that the current revision should have. */
  number: number;
  old: ControllerRevision[];
}

/** A template that comes back (a rollback) becomes the newest revision again. */
export function planHistory(template: PodTemplateSpec, revisions: readonly ControllerRevision[]): HistoryPlan {
  const sorted = [...revisions].sort(byRevision);
  const current = sorted.filter((revision) => sameData(revision, template)).at(-1);
  const old = sorted.filter((revision) => revision !== current);
  const highest = old.at(-1)?.revision ?? 0;
  const number = current && current.revision > highest ? current.revision : highest + 1;
  return { current, number, old };
}

/** Old revisions beyond the limit that nothing uses, the oldest first. */
export function planTruncation(
  old: readonly ControllerRevision[],
  isUsed: (revision: ControllerRevision) => boolean,
  limit: number,
): ControllerRevision[] {
  const unused = [...old].sort(byRevision).filter((revision) => !isUsed(revision));
  return unused.slice(0, Math.max(0, unused.length - limit));
}
