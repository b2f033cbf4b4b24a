/** Affinity, tolerations and spreading. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '@kubelab/apimachinery/field-error';
import { isDNS1123Label, isValidLabelValue } from '@kubelab/apimachinery/names';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodAntiAffinity,
  Toleration,
  TopologySpreadConstraint,
} from '../../types.js';
import { validateEach, validateEnum, validateOptionalEnum, validateWith } from '../../validation/fields.js';
import { validateLabelName, validateLabelSelector } from '../../validation/labels.js';

export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  if (!affinity) return [];
  const node = affinity.nodeAffinity;
  return [
    ...(node?.requiredDuringSchedulingIgnoredDuringExecution
      ? validateNodeSelector(
          node.requiredDuringSchedulingIgnoredDuringExecution,
          `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`,
        )
      : []),
    ...validateEach(
      node?.preferredDuringSchedulingIgnoredDuringExecution,
      `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`,
      (term, at) => [
        ...validateWeight(term.weight, `${at}.weight`),
        ...validateNodeSelectorTerm(term.preference ?? {}, `${at}.preference`),
      ],
    ),
    ...validatePodTerms(affinity.podAffinity, `${path}.podAffinity`),
    ...validatePodTerms(affinity.podAntiAffinity, `${path}.podAntiAffinity`),
  ];
}

export function validateNodeSelector(selector: NodeSelector, path: string): FieldError[] {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) {
    return [required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term')];
  }
  return validateEach(terms, `${path}.nodeSelectorTerms`, validateNodeSelectorTerm);
}

function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string): FieldError[] {
  return [
    ...validateEach(term.matchExpressions, `${path}.matchExpressions`, validateNodeRequirement),
    ...validateEach(term.matchFields, `${path}.matchFields`, validateNodeFieldRequirement),
  ];
}

function validateNodeRequirement(requirement: NodeSelectorRequirement, path: string): FieldError[] {
  const values = requirement.values ?? [];
  const errors: FieldError[] = [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        errors.push(forbiddenField(`${path}.values`, why));
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      }
      break;
    default:
      errors.push(invalid(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'));
  }
  errors.push(...validateLabelName(requirement.key ?? '', `${path}.key`));
  errors.push(...validateEach(values, `${path}.values`, (value, at) => validateWith(isValidLabelValue, value, at)));
  return errors;
}

function validateNodeFieldRequirement(requirement: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (requirement.operator !== 'In' && requirement.operator !== 'NotIn') {
    errors.push(invalid(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'));
  } else if (requirement.values?.length !== 1) {
    errors.push(
      required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    );
  }
  if (requirement.key !== 'metadata.name') {
    errors.push(invalid(`${path}.key`, requirement.key ?? '', 'not a valid field selector key'));
  }
  return errors;
}

function validateWeight(weight: number, path: string): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalid(path, weight ?? 0, 'must be in the range 1-100')];
}

/** Affinity and anti-affinity to pods have the same shape. */
function validatePodTerms(terms: PodAntiAffinity | undefined, path: string): FieldError[] {
  const { requiredDuringSchedulingIgnoredDuringExecution, preferredDuringSchedulingIgnoredDuringExecution } =
    terms ?? {};
  return [
    ...validateEach(
      requiredDuringSchedulingIgnoredDuringExecution,
      `${path}.requiredDuringSchedulingIgnoredDuringExecution`,
      validatePodAffinityTerm,
    ),
    ...validateEach(
      preferredDuringSchedulingIgnoredDuringExecution,
      `${path}.preferredDuringSchedulingIgnoredDuringExecution`,
      (weighted, at) => [
        ...validateWeight(weighted.weight, `${at}.weight`),
        ...validatePodAffinityTerm(weighted.podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`),
      ],
    ),
  ];
}

function validatePodAffinityTerm(term: PodAffinityTerm, path: string): FieldError[] {
  return [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((namespace) => validateWith(isDNS1123Label, namespace, `${path}.namespace`)),
    ...(term.topologyKey ? [] : [required(`${path}.topologyKey`, 'can not be empty')]),
    ...validateLabelName(term.topologyKey ?? '', `${path}.topologyKey`),
  ];
}

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTaintEffect(effect: string | undefined, path: string): FieldError[] {
  return validateEnum(effect, taintEffects, path);
}

export function validateTolerations(tolerations: readonly Toleration[] | undefined, path: string): FieldError[] {
  return validateEach(tolerations, path, (toleration, at) => {
    const errors = toleration.key ? validateLabelName(toleration.key, `${at}.key`) : [];
    if (!toleration.key && toleration.operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(`${at}.operator`, toleration.operator ?? '', why));
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalid(`${at}.effect`, toleration.effect ?? '', why));
    }
    errors.push(...validateTolerationOperator(toleration, `${at}.operator`));
    if (toleration.effect) errors.push(...validateTaintEffect(toleration.effect, `${at}.effect`));
    return errors;
  });
}

function validateTolerationOperator(toleration: Toleration, path: string): FieldError[] {
  switch (toleration.operator || 'Equal') {
    case 'Equal': {
      const problems = isValidLabelValue(toleration.value ?? '');
      return problems.length > 0 ? [invalid(path, toleration.value, problems.join(';'))] : [];
    }
    case 'Exists':
      return toleration.value ? [invalid(path, toleration, "value must be empty when `operator` is 'Exists'")] : [];
    default:
      return [notSupported(path, toleration.operator, ['Equal', 'Exists'])];
  }
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: string,
): FieldError[] {
  const pairs = new Set<string>();
  return validateEach(constraints, path, (constraint, at) => {
    const errors: FieldError[] = [];
    const { maxSkew = 0, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    else errors.push(...validateLabelName(topologyKey, `${at}.topologyKey`));
    errors.push(...validateEnum(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${at}.whenUnsatisfiable`));
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (pairs.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    pairs.add(pair);
    if (minDomains !== undefined && minDomains <= 0) {
      errors.push(invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'));
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      errors.push(...validateOptionalEnum(constraint[field], ['Honor', 'Ignore'], `${at}.${field}`));
    }
    errors.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
    return errors;
  });
}
