/** Where pods may go, said with labels that are gone or with selectors that select nothing. */
import type { PodAffinityTerm, PodSpec } from '../../types.js';
import { nodeLabelWarnings, nodeSelectorWarnings, nodeTermWarnings } from './node-labels.js';

const selectsNothing = 'a null labelSelector results in matching no pod';

export function nodeWarnings(spec: PodSpec, path: string): string[] {
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution } =
    spec.affinity?.nodeAffinity ?? {};
  const at = `${path}.affinity.nodeAffinity`;
  return [
    ...nodeSelectorWarnings(spec.nodeSelector, `${path}.nodeSelector`),
    ...(required?.nodeSelectorTerms ?? []).flatMap((term, index) =>
      nodeTermWarnings(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`),
    ),
    ...(preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ preference }, index) =>
      nodeTermWarnings(preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`, {
        values: true,
      }),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const constraint = `${path}.topologySpreadConstraints[${index}]`;
      return [
        ...nodeLabelWarnings(topologyKey, `${constraint}.topologyKey`),
        ...(labelSelector ? [] : [`${constraint}.labelSelector: ${selectsNothing}`]),
      ];
    }),
  ];
}

export function podAffinityWarnings({ affinity }: PodSpec, path: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) => {
    const at = `${path}.affinity.${kind}`;
    const terms = affinity?.[kind];
    return [
      ...(terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((term, index) =>
        termWarnings(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
      ),
      ...(terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, index) =>
        termWarnings(
          podAffinityTerm,
          `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`,
        ),
      ),
    ];
  });
}

function termWarnings(term: PodAffinityTerm, path: string): string[] {
  return term.labelSelector ? [] : [`${path}.labelSelector: ${selectsNothing}`];
}
