/** What a pod refers to, and its node may therefore read. Pure. */

import type { Container, EphemeralContainer, Pod, Volume } from '@kubelab/api/types';

export interface PodReferences {
  secrets: Set<string>;
  configMaps: Set<string>;
  claims: Set<string>;
  serviceAccount: string | undefined;
}

type AnyContainer = Pick<Container | EphemeralContainer, 'env' | 'envFrom'>;

/** Names in the pod's namespace. */
export function referencesOf(pod: Pod): PodReferences {
  const references: PodReferences = {
    secrets: new Set(),
    configMaps: new Set(),
    claims: new Set(),
    serviceAccount: pod.spec.serviceAccountName || undefined,
  };
  for (const { name } of pod.spec.imagePullSecrets ?? []) add(references.secrets, name);
  const containers: AnyContainer[] = [
    ...(pod.spec.initContainers ?? []),
    ...(pod.spec.containers ?? []),
    ...(pod.spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) addEnvironment(references, container);
  for (const volume of pod.spec.volumes ?? []) addVolume(references, pod, volume);
  return references;
}

function add(set: Set<string>, name: string | undefined): void {
  if (name) set.add(name);
}

function addEnvironment(references: PodReferences, container: AnyContainer): void {
  for (const source of container.envFrom ?? []) {
    add(references.configMaps, source.configMapRef?.name);
    add(references.secrets, source.secretRef?.name);
  }
  for (const variable of container.env ?? []) {
    add(references.configMaps, variable.valueFrom?.configMapKeyRef?.name);
    add(references.secrets, variable.valueFrom?.secretKeyRef?.name);
  }
}

function addVolume(references: PodReferences, pod: Pod, volume: Volume): void {
  add(references.configMaps, volume.configMap?.name);
  add(references.secrets, volume.secret?.secretName);
  add(references.claims, volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral) add(references.claims, `${pod.metadata.name}-${volume.name}`);
  for (const source of volume.projected?.sources ?? []) {
    add(references.configMaps, source.configMap?.name);
    add(references.secrets, source.secret?.name);
  }
  add(references.secrets, volume.azureFile?.secretName);
  const local = [
    volume.cephfs?.secretRef,
    volume.cinder?.secretRef,
    volume.flexVolume?.secretRef,
    volume.rbd?.secretRef,
    volume.scaleIO?.secretRef,
    volume.iscsi?.secretRef,
    volume.storageos?.secretRef,
    volume.csi?.nodePublishSecretRef,
  ];
  for (const reference of local) add(references.secrets, reference?.name);
}
