/** Regular and init containers. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notFoundValue,
  notSupported,
  required,
} from '@kubelab/apimachinery/field-error';
import { isDNS1123Label, isValidPortName, isValidPortNum } from '@kubelab/apimachinery/names';
import type { Container, ContainerPort, PodSpec, Volume, VolumeMount } from '../../types.js';
import { validateEach, validateEnum, validateWith } from '../../validation/fields.js';
import { validateResourceRequirements } from '../../validation/resource-quantities.js';
import { isSidecar } from '../columns.js';
import { validateEnv, validateEnvFrom } from './env.js';
import { validateDescendingPath } from './paths.js';
import { type HookSurroundings, validateProbesAndHooks } from './probes.js';
import { validateContainerSecurityContext } from './security-context.js';

/** What the containers of a pod are checked against. */
export interface ContainerSurroundings extends HookSurroundings {
  readonly volumes: ReadonlyMap<string, Volume>;
}

export function validateContainers(spec: PodSpec, path: string, around: ContainerSurroundings): FieldError[] {
  if (spec.containers.length === 0) return [required(path)];
  const names = new Set<string>();
  const errors = validateEach(spec.containers, path, (container, at) => {
    const found = validateContainer(container, at, around);
    found.push(...claimName(names, container.name, `${at}.name`));
    found.push(...validateProbesAndHooks(container, at, around));
    if (container.restartPolicy !== undefined) {
      found.push(forbiddenField(`${at}.restartPolicy`, 'may not be set for non-init containers'));
    }
    return found;
  });
  return [...errors, ...validateHostPortConflicts(spec.containers, path)];
}

export function validateInitContainers(spec: PodSpec, path: string, around: ContainerSurroundings): FieldError[] {
  const names = new Set(spec.containers.map((container) => container.name));
  return validateEach(spec.initContainers, path, (container, at) => {
    const errors = validateContainer(container, at, around);
    if (container.restartPolicy !== undefined && !isSidecar(container)) {
      errors.push(notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
    }
    errors.push(...claimName(names, container.name, `${at}.name`));
    errors.push(...validateHostPortConflicts([container], path));
    if (isSidecar(container)) errors.push(...validateProbesAndHooks(container, at, around));
    else errors.push(...forbidProbesAndHooks(container, at));
    return errors;
  });
}

function claimName(names: Set<string>, name: string, path: string): FieldError[] {
  if (!name) return [];
  if (names.has(name)) return [duplicate(path, name)];
  names.add(name);
  return [];
}

function forbidProbesAndHooks(container: Container, path: string): FieldError[] {
  return (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    .filter((field) => container[field] !== undefined)
    .map((field) =>
      forbiddenField(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
    );
}

/** What holds for every kind of container. */
export function validateContainer(container: Container, path: string, around: ContainerSurroundings): FieldError[] {
  return [
    ...(container.name ? validateWith(isDNS1123Label, container.name, `${path}.name`) : [required(`${path}.name`)]),
    ...(container.image ? [] : [required(`${path}.image`)]),
    ...validateEnum(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      `${path}.terminationMessagePolicy`,
    ),
    ...validatePorts(container.ports, `${path}.ports`),
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
    ...validateVolumeMounts(container, `${path}.volumeMounts`, around),
    ...validateEnum(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.imagePullPolicy`),
    ...validateResourceRequirements(container.resources, `${path}.resources`),
    ...validateContainerSecurityContext(container.securityContext, `${path}.securityContext`),
  ];
}

function validatePorts(ports: readonly ContainerPort[] | undefined, path: string): FieldError[] {
  const names = new Set<string>();
  return validateEach(ports, path, (port, at) => {
    const errors: FieldError[] = [];
    if (port.name) {
      const problems = validateWith(isValidPortName, port.name, `${at}.name`);
      errors.push(...(problems.length > 0 ? problems : claimName(names, port.name, `${at}.name`)));
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else errors.push(...validatePortNumber(port.containerPort, `${at}.containerPort`));
    if (port.hostPort) errors.push(...validatePortNumber(port.hostPort, `${at}.hostPort`));
    errors.push(...validateEnum(port.protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`));
    return errors;
  });
}

function validatePortNumber(port: number, path: string): FieldError[] {
  return isValidPortNum(port).map((problem) => invalid(path, port, problem));
}

function validateHostPortConflicts(containers: readonly Container[], path: string): FieldError[] {
  const taken = new Set<string>();
  return validateEach(containers, path, (container, at) =>
    validateEach(container.ports, `${at}.ports`, (port, portPath) => {
      if (!port.hostPort) return [];
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) return [duplicate(`${portPath}.hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

function validateVolumeMounts(container: Container, path: string, around: ContainerSurroundings): FieldError[] {
  const places = new Set<string>();
  const devices = container.volumeDevices ?? [];
  const errors = validateEach(container.volumeMounts, path, (mount, at) => {
    const found = validateVolumeMount(mount, container, at, around);
    if (places.has(mount.mountPath)) found.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    places.add(mount.mountPath);
    if (devices.some((device) => device.name === mount.name)) {
      found.push(invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((device) => device.devicePath === mount.mountPath)) {
      found.push(invalid(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'));
    }
    return found;
  });
  return errors;
}

function validateVolumeMount(
  mount: VolumeMount,
  container: Container,
  path: string,
  around: ContainerSurroundings,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!mount.name) errors.push(required(`${path}.name`));
  if (!around.volumes.has(mount.name)) errors.push(notFoundValue(`${path}.name`, mount.name ?? ''));
  if (!mount.mountPath) errors.push(required(`${path}.mountPath`));
  if (mount.subPath) errors.push(...validateDescendingPath(mount.subPath, `${path}.subPath`));
  if (mount.subPathExpr) {
    if (mount.subPath) {
      const why = 'subPathExpr and subPath are mutually exclusive';
      errors.push(invalid(`${path}.subPathExpr`, mount.subPathExpr, why));
    }
    errors.push(...validateDescendingPath(mount.subPathExpr, `${path}.subPathExpr`));
  }
  if (mount.mountPropagation !== undefined) {
    errors.push(...validatePropagation(mount.mountPropagation, container, `${path}.mountPropagation`));
  }
  return errors;
}

function validatePropagation(propagation: string, container: Container, path: string): FieldError[] {
  const supported = ['Bidirectional', 'HostToContainer', 'None'];
  if (!supported.includes(propagation)) return [notSupported(path, propagation, supported)];
  if (propagation !== 'Bidirectional' || container.securityContext?.privileged) return [];
  return [forbiddenField(path, 'Bidirectional mount propagation is available only to privileged containers')];
}
