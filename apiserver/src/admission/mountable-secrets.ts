/** Service accounts annotated kubernetes.io/enforce-mountable-secrets lend their pods only the secrets that they list. */

import type { Container, EnvVar, Pod, ServiceAccount } from '@kubelab/api/types';

const annotation = 'kubernetes.io/enforce-mountable-secrets';
const yes = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** What is wrong with the pod, if the account is strict. */
export function mountableSecretProblem(pod: Pod, account: ServiceAccount): string | undefined {
  if (!yes.has(account.metadata.annotations?.[annotation] ?? '')) return undefined;
  const allowed = new Set((account.secrets ?? []).map((reference) => reference.name ?? ''));
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`;
  for (const volume of pod.spec.volumes ?? []) {
    const name = volume.secret?.secretName;
    if (name !== undefined && !allowed.has(name))
      return `volume with secret.secretName=${JSON.stringify(name)} ${because} secret`;
  }
  const containers: [string, Container[]][] = [
    ['init container', pod.spec.initContainers ?? []],
    ['container', pod.spec.containers ?? []],
  ];
  for (const [what, list] of containers) {
    for (const container of list) {
      const found = forbiddenVariable(container, allowed);
      if (found) {
        const [variable, secret] = found;
        const where = `${what} ${container.name} with envVar ${variable.name}`;
        return `${where} referencing secret.secretName=${JSON.stringify(secret)} ${because} secret`;
      }
    }
  }
  const pullSecrets = new Set((account.imagePullSecrets ?? []).map((reference) => reference.name ?? ''));
  for (const [index, { name = '' }] of (pod.spec.imagePullSecrets ?? []).entries()) {
    if (!pullSecrets.has(name))
      return `imagePullSecrets[${index}].name=${JSON.stringify(name)} ${because} imagePullSecret`;
  }
  return undefined;
}

function forbiddenVariable(container: Container, allowed: ReadonlySet<string>): [EnvVar, string] | undefined {
  for (const variable of container.env ?? []) {
    const name = variable.valueFrom?.secretKeyRef?.name;
    if (name !== undefined && !allowed.has(name)) return [variable, name];
  }
  return undefined;
}
