/** Validation of policy rules, role references and subjects. */
import { type FieldError, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { rbacV1 } from '../group-versions.js';
import type { PolicyRule, RoleRef, Subject } from '../types.js';
import { validateEach, validateWith } from '../validation/fields.js';
import { pathSegmentName } from '../validation/names.js';

export function validateRules(
  rules: readonly PolicyRule[] | undefined,
  options: { namespaced: boolean },
): FieldError[] {
  return validateEach(rules, 'rules', (rule, path) => validateRule(rule, path, options.namespaced));
}

function validateRule(rule: PolicyRule, path: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs: urls = [] } = rule;
  if (!verbs?.length) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (urls.length > 0) {
    if (namespaced) {
      const why = 'namespaced rules cannot apply to non-resource URLs';
      errors.push(invalid(`${path}.nonResourceURLs`, urls, why));
    }
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalid(`${path}.nonResourceURLs`, urls, why));
    }
    return errors;
  }
  if (apiGroups.length === 0) {
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (resources.length === 0) {
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

export function defaultBinding(binding: { roleRef: RoleRef; subjects?: Subject[] }): void {
  binding.roleRef ??= { apiGroup: '', kind: '', name: '' };
  binding.roleRef.apiGroup ||= rbacV1.group;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacV1.group;
  }
}

export function validateRoleRef(ref: RoleRef, kinds: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  if (ref.apiGroup !== rbacV1.group) errors.push(notSupported('roleRef.apiGroup', ref.apiGroup, [rbacV1.group]));
  if (!kinds.includes(ref.kind)) errors.push(notSupported('roleRef.kind', ref.kind ?? '', kinds));
  if (!ref.name) errors.push(required('roleRef.name'));
  else errors.push(...validateWith(pathSegmentName, ref.name, 'roleRef.name'));
  return errors;
}

export function validateSubjects(
  subjects: readonly Subject[] | undefined,
  options: { namespaced: boolean },
): FieldError[] {
  return validateEach(subjects, 'subjects', (subject, path) => validateSubject(subject, path, options.namespaced));
}

function validateSubject(subject: Subject, path: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = subject.name ? [] : [required(`${path}.name`)];
  const group = subject.apiGroup ?? '';
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name) errors.push(...validateWith(isDNS1123Subdomain, subject.name, `${path}.name`));
      if (group !== '') errors.push(notSupported(`${path}.apiGroup`, group, ['']));
      if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (group !== rbacV1.group) errors.push(notSupported(`${path}.apiGroup`, group, [rbacV1.group]));
      break;
    default:
      errors.push(notSupported(`${path}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

/** Names of the subjects of one kind, service accounts with their namespace. */
export function subjectNames(subjects: readonly Subject[] | undefined, kind: string): string {
  return (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' && namespace ? `${namespace}/${name}` : name))
    .join(', ');
}
