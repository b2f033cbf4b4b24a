/** How sandboxes and containers are named and labelled in the engine; names and labels are all the state there is. */
import type { ContainerMetadata, PodSandboxMetadata } from '@kubelab/proto/generated/runtime-v1';

export const label = {
  type: 'io.kubernetes.docker.type',
  sandboxId: 'io.kubernetes.sandbox.id',
  /** The host ports that are not published by the engine, as JSON. */
  hostPorts: 'io.kubernetes.sandbox.hostports',
  logPath: 'io.kubernetes.container.logpath',
  /** The image as the pod's author wrote it; the engine's own record has the image's ID. */
  image: 'io.kubernetes.container.image',
} as const;

export const sandboxType = 'podsandbox';
export const containerType = 'container';

const prefix = 'k8s';
const sandboxContainer = 'POD';
const annotationPrefix = 'annotation.';
const internalLabels = new Set<string>(Object.values(label));

export function sandboxName(metadata: PodSandboxMetadata): string {
  return [prefix, sandboxContainer, metadata.name, metadata.namespace, metadata.uid, metadata.attempt].join('_');
}

export function containerName(container: ContainerMetadata, pod: PodSandboxMetadata): string {
  return [prefix, container.name, pod.name, pod.namespace, pod.uid, container.attempt].join('_');
}

/** Undefined for a name that is not a sandbox's. The engine writes names with a leading slash. */
export function parseSandboxName(name: string): PodSandboxMetadata | undefined {
  const parts = split(name);
  if (!parts || parts.container !== sandboxContainer) return undefined;
  return { name: parts.pod, namespace: parts.namespace, uid: parts.uid, attempt: parts.attempt };
}

export function parseContainerName(name: string): ContainerMetadata | undefined {
  const parts = split(name);
  return parts && { name: parts.container, attempt: parts.attempt };
}

function split(name: string) {
  const [head, container, pod, namespace, uid, attempt, ...rest] = name.replace(/^\//, '').split('_');
  if (head !== prefix || !container || !pod || !namespace || uid === undefined || !/^\d+$/.test(attempt ?? ''))
    return undefined;
  // A name that had to be made unique carries a random last part.
  if (rest.length > 1) return undefined;
  return { container, pod, namespace, uid, attempt: Number(attempt) };
}

/** CRI labels and annotations as engine labels. */
export function encodeLabels(
  labels: Record<string, string>,
  annotations: Record<string, string>,
  internal: Record<string, string>,
): Record<string, string> {
  const encoded: Record<string, string> = { ...labels };
  for (const [key, value] of Object.entries(annotations)) encoded[annotationPrefix + key] = value;
  return { ...encoded, ...internal };
}

export function decodeLabels(encoded: Record<string, string> | null | undefined): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  const labels: Record<string, string> = {};
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(encoded ?? {})) {
    if (key.startsWith(annotationPrefix)) annotations[key.slice(annotationPrefix.length)] = value;
    else if (!internalLabels.has(key)) labels[key] = value;
  }
  return { labels, annotations };
}

/** The engine's list filter for one kind of object and, optionally, exact labels. */
export function labelFilter(type: string | undefined, labels: Record<string, string> = {}): { label: string[] } {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return { label: type === undefined ? [label.type, ...wanted] : [`${label.type}=${type}`, ...wanted] };
}
