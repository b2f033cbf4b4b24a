/** Labels of nodes that are there no longer, or not for long. */
import { isValidLabelValue } from '@kubelab/apimachinery/names';
import type { NodeSelectorTerm } from '../../types.js';

const messages: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Of the keys of a node selector. */
export function nodeSelectorWarnings(selector: Readonly<Record<string, string>> | undefined, path: string): string[] {
  return Object.keys(selector ?? {}).flatMap((label) => {
    const message = messages.get(label);
    return message === undefined ? [] : [`${path}[${label}]: ${message}`];
  });
}

/** Of one label that something names; `path` is that of the field with its name. */
export function nodeLabelWarnings(label: string, path: string): string[] {
  const message = messages.get(label);
  return message === undefined ? [] : [`${path}: ${label} is ${message}`];
}

/** `values`: also what is wrong with the values, where validation lets it pass. */
export function nodeTermWarnings(term: NodeSelectorTerm, path: string, options?: { values: boolean }): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const wrong = (options?.values ? (values ?? []) : []).flatMap((value, position) =>
      isValidLabelValue(value).map((why) => `${at}.values[${position}]: ${value} is invalid, ${why}`),
    );
    return [...nodeLabelWarnings(key, `${at}.key`), ...wrong];
  });
}
