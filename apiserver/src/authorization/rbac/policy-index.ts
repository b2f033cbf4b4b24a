/** All roles and bindings in memory, arranged by subject, so that a decision looks at few rules. */

import type { AggregationRule, ClusterRole, PolicyRule, RoleBinding, RoleRef, Subject } from '@kubelab/api/types';
import { selectorFromLabelSelector } from '@kubelab/apimachinery/labels';
import type { GroupResource, UnstructuredObject } from '@kubelab/apimachinery/meta';
import { parseServiceAccountUserName, serviceAccountUserName } from '../../authentication/users.js';
import type { ObjectAccess, UserInfo } from '../../contracts.js';
import { type CompiledRule, compileRule } from './rules.js';

const group = 'rbac.authorization.k8s.io';

/** A binding and the subject by which it was found. */
export interface Grant {
  /** Empty for a ClusterRoleBinding. */
  namespace: string;
  bindingName: string;
  roleRef: RoleRef;
  subject: Subject;
}

interface Role {
  rules: readonly PolicyRule[];
  labels: Record<string, string>;
  aggregation?: AggregationRule | undefined;
}

type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export class PolicyIndex {
  readonly #clusterRoles = new Map<string, Role>();
  readonly #roles = new Map<string, Role>();
  readonly #compiled = new Map<string, readonly CompiledRule[]>();
  /** Per scope (a namespace, or empty for the cluster) and subject key, the grants by binding name. */
  readonly #grants = new Map<string, Map<string, Map<string, Grant>>>();
  readonly #subjectsOf = new Map<string, string[]>();

  constructor(private readonly objects: ObjectAccess) {}

  /** Follows the stored objects from now on, starting with what the cache holds. Returns the function that ends it. */
  start(): () => void {
    const ends = this.#followed().map(({ resource, apply }) => this.objects.onChange(resource, apply));
    this.load();
    return () => {
      for (const end of ends) end();
    };
  }

  /** Takes in everything that the cache holds. Harmless at any time; needed when the cache was filled after start() without telling. */
  load(): void {
    for (const { resource, apply } of this.#followed()) {
      for (const object of this.objects.peekAll(resource)) apply('ADDED', object);
    }
  }

  #followed(): { resource: GroupResource; apply: (type: ChangeType, object: UnstructuredObject) => void }[] {
    const applyRole = (type: ChangeType, object: UnstructuredObject): void => this.#applyRole(type, object);
    const applyBinding = (type: ChangeType, object: UnstructuredObject): void => this.#applyBinding(type, object);
    return [
      { resource: { group, resource: 'clusterroles' }, apply: applyRole },
      { resource: { group, resource: 'roles' }, apply: applyRole },
      { resource: { group, resource: 'clusterrolebindings' }, apply: applyBinding },
      { resource: { group, resource: 'rolebindings' }, apply: applyBinding },
    ];
  }

  /** Bindings that name the user, in the scope (a namespace, or empty for the whole cluster). */
  *grantsFor(user: UserInfo, scope: string): Generator<Grant> {
    const bySubject = this.#grants.get(scope);
    if (!bySubject) return;
    for (const key of subjectKeysOf(user)) {
      const grants = bySubject.get(key);
      if (grants) yield* grants.values();
    }
  }

  /** Undefined when there is no such role. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly CompiledRule[] | undefined {
    const key = roleRef.kind === 'ClusterRole' ? roleRef.name : `${namespace}/${roleRef.name}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const rules = roleRef.kind === 'ClusterRole' ? this.clusterRoleRules(roleRef.name) : this.#roles.get(key)?.rules;
    if (!rules) return undefined;
    const compiled = rules.map(compileRule);
    this.#compiled.set(key, compiled);
    return compiled;
  }

  /**
   * Rules of a ClusterRole; for one with an aggregationRule the rules of all that it selects, at once and without waiting for anybody to
   * write them down.
   */
  clusterRoleRules(name: string): readonly PolicyRule[] | undefined {
    const role = this.#clusterRoles.get(name);
    if (!role?.aggregation) return role?.rules;
    const seen = new Set<string>([name]);
    const rules: PolicyRule[] = [];
    const pending = [role];
    for (let current = pending.pop(); current; current = pending.pop()) {
      if (!current.aggregation) {
        rules.push(...current.rules);
        continue;
      }
      for (const [other, selected] of this.#selectedBy(current.aggregation)) {
        if (seen.has(other)) continue;
        seen.add(other);
        pending.push(selected);
      }
    }
    return rules;
  }

  #selectedBy(aggregation: AggregationRule): [string, Role][] {
    const selectors = (aggregation.clusterRoleSelectors ?? []).map((selector) =>
      selectorFromLabelSelector(selector as Parameters<typeof selectorFromLabelSelector>[0]),
    );
    return [...this.#clusterRoles].filter(([, role]) => selectors.some((selector) => selector.matches(role.labels)));
  }

  #applyRole(type: ChangeType, object: UnstructuredObject): void {
    const { name, namespace, labels = {} } = object.metadata;
    const roles = namespace ? this.#roles : this.#clusterRoles;
    const key = namespace ? `${namespace}/${name}` : name;
    if (type === 'DELETED') {
      roles.delete(key);
    } else {
      const role = object as unknown as ClusterRole;
      roles.set(key, { rules: role.rules ?? [], labels, aggregation: role.aggregationRule });
    }
    // A change of one ClusterRole may change every aggregated one.
    if (namespace) this.#compiled.delete(key);
    else this.#compiled.clear();
  }

  #applyBinding(type: ChangeType, object: UnstructuredObject): void {
    const { name, namespace = '' } = object.metadata;
    this.#removeBinding(namespace, name);
    if (type === 'DELETED') return;
    const binding = object as unknown as RoleBinding;
    const bySubject = this.#grants.get(namespace) ?? new Map<string, Map<string, Grant>>();
    this.#grants.set(namespace, bySubject);
    const keys: string[] = [];
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      if (key === undefined) continue;
      const grants = bySubject.get(key) ?? new Map<string, Grant>();
      bySubject.set(key, grants);
      grants.set(name, { namespace, bindingName: name, roleRef: binding.roleRef, subject });
      keys.push(key);
    }
    this.#subjectsOf.set(`${namespace}/${name}`, keys);
  }

  #removeBinding(namespace: string, name: string): void {
    const bySubject = this.#grants.get(namespace);
    for (const key of this.#subjectsOf.get(`${namespace}/${name}`) ?? []) {
      const grants = bySubject?.get(key);
      grants?.delete(name);
      if (grants?.size === 0) bySubject?.delete(key);
    }
    this.#subjectsOf.delete(`${namespace}/${name}`);
    if (bySubject?.size === 0) this.#grants.delete(namespace);
  }
}

function subjectKeysOf(user: UserInfo): string[] {
  return [`u:${user.name}`, ...user.groups.map((name) => `g:${name}`)];
}

/** Undefined for a subject that names nobody. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  if (subject.kind === 'Group') return `g:${subject.name}`;
  if (subject.kind === 'User') return `u:${subject.name}`;
  if (subject.kind !== 'ServiceAccount') return undefined;
  const userName = serviceAccountUserName(subject.namespace || bindingNamespace, subject.name);
  return parseServiceAccountUserName(userName) ? `u:${userName}` : undefined;
}
