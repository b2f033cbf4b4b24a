/** core/v1 Node. */
import { duplicate, type FieldError, forbiddenField, invalid } from '@kubelab/apimachinery/field-error';
import { deepEqual } from '@kubelab/apimachinery/json';
import { isValidCIDR, isValidLabelValue } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn, wide } from '../columns.js';
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { validateTaintEffect } from '../pod/validation/scheduling.js';
import { keepStatus } from '../status.js';
import type { Node, NodeStatus, Taint } from '../types.js';
import { validateEach, validateWith } from '../validation/fields.js';
import { validateLabelName } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';
import { validateResourceQuantity } from '../validation/resource-quantities.js';

const rolePrefix = 'node-role.kubernetes.io/';
const info = 'io.k8s.api.core.v1.NodeSystemInfo';
const addresses = 'io.k8s.api.core.v1.NodeStatus#addresses';

export const nodeColumns = [
  nameColumn<Node>(),
  column<Node>('Status', 'The status of the node', nodeState),
  column<Node>('Roles', 'The roles of the node', (node) => nodeRoles(node).join(',') || '<none>'),
  ageColumn<Node>(),
  column<Node>('Version', `${info}#kubeletVersion`, (node) => node.status?.nodeInfo?.kubeletVersion ?? ''),
  column<Node>('Internal-IP', addresses, (node) => addressOf(node, 'InternalIP'), wide),
  column<Node>('External-IP', addresses, (node) => addressOf(node, 'ExternalIP'), wide),
  column<Node>('OS-Image', `${info}#osImage`, (node) => node.status?.nodeInfo?.osImage || '<unknown>', wide),
  column<Node>(
    'Kernel-Version',
    `${info}#kernelVersion`,
    (node) => node.status?.nodeInfo?.kernelVersion || '<unknown>',
    wide,
  ),
  column<Node>(
    'Container-Runtime',
    `${info}#containerRuntimeVersion`,
    (node) => node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
    wide,
  ),
];

function nodeState(node: Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const state = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec.unschedulable ? `${state},SchedulingDisabled` : state;
}

/** From the labels `node-role.kubernetes.io/<role>` and `kubernetes.io/role=<role>`, sorted. */
export function nodeRoles(node: Node): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value) roles.add(value);
  }
  return [...roles].sort();
}

function addressOf(node: Node, type: string): string {
  return node.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';
}

function validateNode(node: Node): FieldError[] {
  return [
    ...validateObjectMeta(node.metadata, { namespaced: false, name: dnsSubdomainName }),
    ...validateTaints(node.spec.taints, 'spec.taints'),
    ...validateAmounts(node.status ?? {}),
    ...validatePodCIDRs(node.spec.podCIDRs ?? []),
  ];
}

function validateTaints(taints: readonly Taint[] | undefined, path: string): FieldError[] {
  const seen = new Set<string>();
  return validateEach(taints, path, (taint, at) => {
    const errors = validateLabelName(taint.key ?? '', `${at}.key`);
    errors.push(...validateWith(isValidLabelValue, taint.value ?? '', `${at}.value`));
    errors.push(...validateTaintEffect(taint.effect, `${at}.effect`));
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity)) errors.push(duplicate(at, taint));
    seen.add(identity);
    return errors;
  });
}

function validateAmounts(status: NodeStatus): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    Object.entries(status[field] ?? {}).flatMap(([name, amount]) =>
      validateResourceQuantity(name, amount, `status.${field}[${name}]`),
    ),
  );
}

function validatePodCIDRs(cidrs: readonly string[]): FieldError[] {
  const errors = validateEach(cidrs, 'spec.podCIDRs', (cidr, at) => validateWith(isValidCIDR, cidr, at));
  if (cidrs.length > 2) {
    errors.push(invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family'));
  }
  return errors;
}

function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const errors = [...validateObjectMetaUpdate(node, old), ...validateNode(node)];
  const seen = new Set<string>();
  (node.status?.addresses ?? []).forEach((address, index) => {
    const identity = `${address.type}/${address.address}`;
    if (seen.has(identity)) errors.push(duplicate(`status.addresses[${index}]`, address));
    seen.add(identity);
  });
  if (old.spec.podCIDRs?.length && !deepEqual(old.spec.podCIDRs, node.spec.podCIDRs)) {
    errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec.providerID && old.spec.providerID !== node.spec.providerID) {
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}

const hooks: KindHooks<Node> = {
  default(node) {
    node.spec ??= {};
    node.status ??= {};
    if (node.status.capacity && !node.status.allocatable) node.status.allocatable = { ...node.status.capacity };
    // The old single CIDR is kept in step with the list, as upstream's conversion does.
    const first = node.spec.podCIDRs?.[0] ?? node.spec.podCIDR;
    if (first) {
      node.spec.podCIDR = first;
      node.spec.podCIDRs ??= [first];
    }
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate(node, old) {
    node.spec = old.spec;
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: validateNodeUpdate,
  fieldValue: (node, field) => (field === 'spec.unschedulable' ? String(node.spec.unschedulable ?? false) : undefined),
};

export const node = defineKind<Node>({
  in: coreV1,
  kind: 'Node',
  shortNames: ['no'],
  clusterScoped: true,
  storagePath: 'minions',
  subresources: {
    proxy: { kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    status: editSubresource,
  },
  columns: nodeColumns,
  selectableFields: ['spec.unschedulable'],
  hooks,
});
