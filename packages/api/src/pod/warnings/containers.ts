/** What containers say twice, or as it was said once. */
import type { Container, EnvVar, PodTemplateSpec } from '../../types.js';
import { fractionalBytes } from './amounts.js';

/** A container and where it is: `spec.containers[0]`. */
export interface Placed {
  readonly container: Container;
  readonly path: string;
}

const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

export interface ContainerContext {
  readonly template: PodTemplateSpec;
  /** Of the template's annotations: `spec.template.metadata.annotations`. */
  readonly annotations: string;
  /** Pods are told of AppArmor when the annotation is taken over. */
  readonly isTemplate: boolean;
}

export function containerWarnings({ container, path }: Placed, context: ContainerContext): string[] {
  return [
    ...annotationWarnings(container, context),
    ...(['memory', 'ephemeral-storage'] as const).flatMap((name) =>
      (['limits', 'requests'] as const).flatMap((kind) =>
        fractionalBytes(container.resources?.[kind]?.[name], `${path}.resources.${kind}[${name}]`),
      ),
    ),
    ...hiddenVariables(container.env ?? [], `${path}.env`),
  ];
}

function annotationWarnings({ name, securityContext }: Container, context: ContainerContext): string[] {
  const { template, annotations, isTemplate } = context;
  const has = (key: string): boolean => template.metadata?.annotations?.[key] !== undefined;
  const [seccomp, appArmor] = [`${seccompPrefix}${name}`, `${appArmorPrefix}${name}`];
  const ownProfile = template.spec?.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile;
  return [
    ...(has(seccomp) && !securityContext?.seccompProfile
      ? [`${annotations}[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`]
      : []),
    ...(isTemplate && has(appArmor) && !ownProfile
      ? [`${annotations}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`]
      : []),
  ];
}

/** A variable may build on an earlier one of the same name; anything else hides it. */
function hiddenVariables(variables: readonly EnvVar[], path: string): string[] {
  const seen = new Set<string>();
  return variables.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const reference = `$(${name})`;
    const builds = !valueFrom && value !== reference && value.includes(reference);
    if (builds) return [];
    return [
      `${path}[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    ];
  });
}
