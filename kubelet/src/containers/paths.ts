import { join } from 'node:path';
import type { Pod } from '@kubelab/api/types';
import { namespaceOf } from '../pods/pod.js';

/** Where the kubelet keeps things on the node, with upstream's layout. */
export interface NodePaths {
  /** --root-dir, /var/lib/kubelet. */
  root: string;
  /** /var/log/pods. */
  podLogs: string;
}

export function podDirectory(paths: NodePaths, uid: string): string {
  return join(paths.root, 'pods', uid);
}

export function volumesDirectory(paths: NodePaths, uid: string): string {
  return join(podDirectory(paths, uid), 'volumes');
}

export function hostsFilePath(paths: NodePaths, uid: string): string {
  return join(podDirectory(paths, uid), 'etc-hosts');
}

/** Holds a container's termination message files, one per start. */
export function containerDirectory(paths: NodePaths, uid: string, container: string): string {
  return join(podDirectory(paths, uid), 'containers', container);
}

export function podLogDirectory(paths: NodePaths, pod: { name: string; namespace: string; uid: string }): string {
  return join(paths.podLogs, `${pod.namespace}_${pod.name}_${pod.uid}`);
}

/** Relative to the pod's log directory. */
export function containerLogName(container: string, restartCount: number): string {
  return `${container}/${restartCount}.log`;
}

export function logDirectoryOf(paths: NodePaths, pod: Pod): string {
  return podLogDirectory(paths, { name: pod.metadata.name, namespace: namespaceOf(pod), uid: pod.metadata.uid });
}
