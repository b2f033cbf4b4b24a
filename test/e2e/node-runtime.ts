/** What a test does on a node with the runtime itself, behind the kubelet's back: in Docker's words or in containerd's. */

import { runtime } from './lab.js';

const uidLabel = 'io.kubernetes.pod.uid';
const namespaceLabel = 'io.kubernetes.pod.namespace';
/** Of the kubelet's containers, in containerd. */
const ctr = 'ctr -n k8s.io';
const docker = runtime === 'docker';

/** Of the process that runs the containers; it has a service of its own on the node. */
export const engineProcess = docker ? 'dockerd' : 'containerd';

/** A shell command: the ids of all containers of a namespace's pods, their pause containers included. */
export const containersOfNamespace = (namespace: string): string =>
  docker
    ? `docker ps -aq --filter label=${namespaceLabel}=${namespace}`
    : `${ctr} containers ls -q 'labels."${namespaceLabel}"==${namespace}'`;

/** The same of one pod. */
export const containersOfPod = (uid: string): string =>
  docker ? `docker ps -aq --filter label=${uidLabel}=${uid}` : `${ctr} containers ls -q 'labels."${uidLabel}"==${uid}'`;

/** The ids of those of a pod's containers whose process runs, the pause container included. */
export const runningOfPod = (uid: string): string =>
  docker
    ? `docker ps -q --filter label=${uidLabel}=${uid}`
    : `${ctr} tasks ls | awk '$3 == "RUNNING" { print $1 }' | grep -xF "$(${containersOfPod(uid)})" || true`;

/** Shell commands that put an image of the cluster's under another name into the registry that the name says. */
export function pushAs(image: string, name: string, login: { user: string; password: string }): string[] {
  const [host = ''] = name.split('/');
  if (docker)
    return [
      `docker pull ${image}`,
      `docker tag ${image} ${name}`,
      `docker login -u ${login.user} -p ${login.password} ${host}`,
      `docker push ${name}`,
      `docker rmi ${name}`,
      `docker logout ${host}`,
    ];
  const full = `docker.io/library/${image}`;
  return [
    `${ctr} images pull --hosts-dir /etc/containerd/certs.d ${full}`,
    `${ctr} images push --hosts-dir /etc/docker/certs.d -u ${login.user}:${login.password} ${name} ${full}`,
  ];
}
