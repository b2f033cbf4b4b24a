/** Brings stored roles and bindings up to what they have to be, without taking away what an administrator added. */

import type { Subject } from '@kubelab/api/types';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { isAlreadyExists } from '@kubelab/apimachinery/status-error';
import { uncoveredRules } from '../authorization/rbac/covers.js';
import type { ObjectAccess } from '../contracts.js';
import { autoUpdateAnnotation, type BindingObject, installedPolicy, type RoleObject } from './policy/objects.js';
import { rbacGroup } from './policy/rules.js';
import { together } from './together.js';

const pluralOf = {
  ClusterRole: 'clusterroles',
  Role: 'roles',
  ClusterRoleBinding: 'clusterrolebindings',
  RoleBinding: 'rolebindings',
} as const;

/** Upstream's post-start hook rbac/bootstrap-roles. Safe to run at any time and from several servers. */
export async function reconcilePolicy(objects: ObjectAccess): Promise<void> {
  const { roles, bindings } = installedPolicy();
  await together(roles.map((role) => ensure(objects, role, (current) => planRole(current, role))));
  await together(bindings.map((binding) => ensureBinding(objects, binding)));
}

type Plan = (current: UnstructuredObject) => UnstructuredObject | undefined;

async function ensure(objects: ObjectAccess, wanted: RoleObject | BindingObject, plan: Plan): Promise<void> {
  const resource: GroupResource = { group: rbacGroup, resource: pluralOf[wanted.kind] };
  const { name, namespace } = wanted.metadata;
  const current = objects.peek(resource, namespace, name) ?? (await objects.get(resource, namespace, name));
  if (!current) {
    try {
      await objects.create(resource, deepClone(wanted) as unknown as Record<string, unknown>);
      return;
    } catch (error) {
      // Another server was faster; its object is looked at like any other.
      if (!isAlreadyExists(error)) throw error;
    }
  } else if (plan(deepClone(current)) === undefined) {
    return;
  }
  await objects.update(resource, namespace, name, (stored) => stored && plan(stored));
}

/** A binding's role cannot be changed: one that points elsewhere stays, because somebody wanted it so, unless it is ours to update. */
async function ensureBinding(objects: ObjectAccess, wanted: BindingObject): Promise<void> {
  await ensure(objects, wanted, (current) => planBinding(current, wanted));
}

function isProtected(object: UnstructuredObject): boolean {
  return object.metadata.annotations?.[autoUpdateAnnotation] === 'false';
}

/** Returns true when it changed something. */
function addMetadata(current: UnstructuredObject, wanted: RoleObject | BindingObject): boolean {
  const before = deepClone([current.metadata.labels, current.metadata.annotations]);
  current.metadata.labels = { ...wanted.metadata.labels, ...current.metadata.labels };
  current.metadata.annotations = { ...wanted.metadata.annotations, ...current.metadata.annotations };
  return !deepEqual(before, [current.metadata.labels, current.metadata.annotations]);
}

/** Adds the rules that are missing. Undefined: nothing to do. */
export function planRole(current: UnstructuredObject, wanted: RoleObject): UnstructuredObject | undefined {
  if (isProtected(current)) return undefined;
  const role = current as unknown as RoleObject;
  let changed = addMetadata(current, wanted);
  if (wanted.aggregationRule) {
    // The rules of an aggregated role are the business of the aggregation.
    if (!deepEqual(role.aggregationRule, wanted.aggregationRule)) {
      role.aggregationRule = deepClone(wanted.aggregationRule);
      changed = true;
    }
  } else {
    const missing = uncoveredRules(role.rules ?? [], wanted.rules);
    if (missing.length > 0) {
      role.rules = [...(role.rules ?? []), ...missing];
      changed = true;
    }
  }
  return changed ? current : undefined;
}

/** Adds the subjects that are missing. Undefined: nothing to do. */
export function planBinding(current: UnstructuredObject, wanted: BindingObject): UnstructuredObject | undefined {
  if (isProtected(current)) return undefined;
  const binding = current as unknown as BindingObject;
  if (!deepEqual(binding.roleRef, wanted.roleRef)) return undefined;
  let changed = addMetadata(current, wanted);
  const subjects: Subject[] = binding.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((subject) => !subjects.some((known) => isSameSubject(known, subject)));
  if (missing.length > 0) {
    binding.subjects = [...subjects, ...missing];
    changed = true;
  }
  return changed ? current : undefined;
}

function isSameSubject(left: Subject, right: Subject): boolean {
  return left.kind === right.kind && left.name === right.name && (left.namespace ?? '') === (right.namespace ?? '');
}
