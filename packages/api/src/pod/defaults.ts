/** Upstream's defaults of pod specs and of what only pods (not templates) get. */
import type {
  Container,
  EnvVar,
  HTTPGetAction,
  LifecycleHandler,
  PersistentVolumeClaimTemplate,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
  VolumeProjection,
} from '../types.js';
import { defaultPullPolicy } from './image-name.js';

const defaultFileMode = 0o644;

export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] };
  pod.status ??= {};
  pod.status.phase ||= 'Pending';
  defaultPodSpec(pod.spec);
  for (const container of allContainers(pod.spec)) defaultRequests(container);
  pod.spec.enableServiceLinks ??= true;
  if (pod.spec.hostNetwork) {
    for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) defaultHostPorts(container);
  }
}

export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

export function defaultPodSpec(spec: PodSpec): void {
  spec.containers ??= [];
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  // The old name of serviceAccountName is kept in step with it, as upstream's conversion does.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of allContainers(spec)) defaultContainer(container);
}

/** Regular, init and ephemeral containers, which share the fields that matter here. */
export function allContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

function defaultContainer(container: Container): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) defaultEnv(variable);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler) defaultHandler(handler);
  }
}

function defaultEnv(variable: EnvVar): void {
  const source = variable.valueFrom;
  if (source?.fieldRef) source.fieldRef.apiVersion ||= 'v1';
  if (source?.resourceFieldRef) source.resourceFieldRef.divisor ||= '0';
  if (source?.fileKeyRef) source.fileKeyRef.optional ??= false;
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHandler(handler: LifecycleHandler): void {
  if (handler.httpGet) defaultHttpGet(handler.httpGet);
}

function defaultHttpGet(action: HTTPGetAction): void {
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= defaultFileMode;
  if (volume.configMap) volume.configMap.defaultMode ??= defaultFileMode;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '');
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= defaultFileMode;
    for (const file of volume.downwardAPI.items ?? []) defaultDownwardFile(file);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= defaultFileMode;
    for (const source of volume.projected.sources ?? []) defaultProjection(source);
  }
  if (volume.iscsi) volume.iscsi.iscsiInterface ||= 'default';
  if (volume.ephemeral?.volumeClaimTemplate) defaultClaimTemplate(volume.ephemeral.volumeClaimTemplate);
}

function defaultProjection(source: VolumeProjection): void {
  for (const file of source.downwardAPI?.items ?? []) defaultDownwardFile(file);
  if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
}

function defaultDownwardFile(file: {
  fieldRef?: { apiVersion?: string };
  resourceFieldRef?: { divisor?: string };
}): void {
  if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1';
  if (file.resourceFieldRef) file.resourceFieldRef.divisor ||= '0';
}

function defaultClaimTemplate(template: PersistentVolumeClaimTemplate): void {
  template.spec ??= {};
  template.spec.volumeMode ??= 'Filesystem';
}

/** A pod that limits a resource and does not request it requests the limit. */
function defaultRequests(container: Container): void {
  const limits = container.resources?.limits;
  if (!limits || Object.keys(limits).length === 0) return;
  container.resources = { ...container.resources, requests: { ...limits, ...container.resources?.requests } };
}

function defaultHostPorts(container: Container): void {
  for (const port of container.ports ?? []) {
    if (!port.hostPort && port.containerPort) port.hostPort = port.containerPort;
  }
}
