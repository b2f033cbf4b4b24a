/** flowcontrol.apiserver.k8s.io/v1 FlowSchema. */
import { type FieldError, forbiddenField, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource } from '../define-kind.js';
import { flowControlV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { FlowcontrolV1Subject, FlowSchema, PolicyRulesWithSubjects } from '../types.js';
import { validateEach, validateEnum, validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const maxPrecedence = 10_000;
const sources = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const;

function validateSubject(subject: FlowcontrolV1Subject, path: string): FieldError[] {
  const kinds = Object.keys(sources);
  if (!Object.hasOwn(sources, subject.kind)) return [notSupported(`${path}.kind`, subject.kind ?? '', kinds)];
  const wanted = sources[subject.kind as keyof typeof sources];
  const errors: FieldError[] = [];
  for (const [kind, field] of Object.entries(sources)) {
    if (field === wanted && !subject[field]) {
      errors.push(required(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`));
    }
    if (field !== wanted && subject[field]) {
      errors.push(forbiddenField(`${path}.${field}`, `${field} is forbidden when subject kind is not '${kind}'`));
    }
  }
  const name = subject[wanted]?.name;
  if (subject[wanted] && !name) errors.push(required(`${path}.${wanted}.name`));
  if (subject.serviceAccount && !subject.serviceAccount.namespace) {
    errors.push(required(`${path}.serviceAccount.namespace`, 'must specify namespace for service account'));
  }
  return errors;
}

function validateRule(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.subjects?.length) errors.push(required(`${path}.subjects`, 'subjects must contain at least one value'));
  errors.push(...validateEach(rule.subjects, `${path}.subjects`, validateSubject));
  if (!rule.resourceRules?.length && !rule.nonResourceRules?.length) {
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  }
  errors.push(
    ...validateEach(rule.resourceRules, `${path}.resourceRules`, (each, at) => [
      ...(each.verbs?.length ? [] : [required(`${at}.verbs`, 'verbs must contain at least one value')]),
      ...(each.apiGroups?.length
        ? []
        : [required(`${at}.apiGroups`, 'resource rules must supply at least one api group')]),
      ...(each.resources?.length
        ? []
        : [required(`${at}.resources`, 'resource rules must supply at least one resource')]),
      ...(each.namespaces?.length || each.clusterScope
        ? []
        : [
            required(
              `${at}.namespaces`,
              'resource rules that are not cluster scoped must supply at least one namespace',
            ),
          ]),
    ]),
    ...validateEach(rule.nonResourceRules, `${path}.nonResourceRules`, (each, at) => [
      ...(each.verbs?.length ? [] : [required(`${at}.verbs`, 'verbs must contain at least one value')]),
      ...(each.nonResourceURLs?.length
        ? []
        : [required(`${at}.nonResourceURLs`, 'nonResourceURLs must contain at least one value')]),
    ]),
  );
  return errors;
}

function validate(object: FlowSchema): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  const { matchingPrecedence = 0, priorityLevelConfiguration, distinguisherMethod, rules } = object.spec ?? {};
  const path = 'spec.matchingPrecedence';
  if (matchingPrecedence <= 0) errors.push(invalid(path, matchingPrecedence, 'must be a positive value'));
  if (matchingPrecedence > maxPrecedence) {
    errors.push(invalid(path, matchingPrecedence, `must not be greater than ${maxPrecedence}`));
  }
  if (matchingPrecedence === 1 && object.metadata.name !== 'exempt') {
    errors.push(invalid(path, 1, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
  if (distinguisherMethod) {
    errors.push(...validateEnum(distinguisherMethod.type, ['ByNamespace', 'ByUser'], 'spec.distinguisherMethod.type'));
  }
  const level = priorityLevelConfiguration?.name ?? '';
  if (level === '') errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  else errors.push(...validateWith(isDNS1123Subdomain, level, 'spec.priorityLevelConfiguration.name'));
  return [...errors, ...validateEach(rules, 'spec.rules', validateRule)];
}

const about = (field: string): string => `io.k8s.api.flowcontrol.v1.FlowSchemaSpec#${field}`;

export const flowSchema = defineKind<FlowSchema>({
  in: flowControlV1,
  kind: 'FlowSchema',
  clusterScoped: true,
  storagePath: 'flowschemas',
  subresources: { status: editSubresource },
  generation: true,
  columns: [
    nameColumn<FlowSchema>(),
    column<FlowSchema>(
      'PriorityLevel',
      about('priorityLevelConfiguration'),
      ({ spec }) => spec?.priorityLevelConfiguration?.name ?? '',
    ),
    column<FlowSchema>('MatchingPrecedence', about('matchingPrecedence'), ({ spec }) => spec?.matchingPrecedence ?? 0, {
      type: 'integer',
    }),
    column<FlowSchema>(
      'DistinguisherMethod',
      about('distinguisherMethod'),
      ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>',
    ),
    ageColumn<FlowSchema>(),
    column<FlowSchema>(
      'MissingPL',
      'references a broken or non-existent PriorityLevelConfiguration',
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ),
  ],
  hooks: {
    default(object) {
      object.spec ??= { priorityLevelConfiguration: { name: '' } };
      object.spec.matchingPrecedence ||= 1000;
    },
    prepareForCreate(object) {
      object.status = {};
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(object, old) {
      if (old.spec) object.spec = old.spec;
    },
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
  },
});
