import type { IntOrString } from '@kubelab/api/types';
import type { ContainerSpec } from '../pods/pod.js';

/** A port number from a number or the name of one of the container's ports. Throws an Error that says what is wrong. */
export function resolvePort(port: IntOrString, container: ContainerSpec): number {
  const number = typeof port === 'number' || /^\d+$/.test(port) ? Number(port) : namedPort(port, container);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${number}`);
  return number;
}

function namedPort(name: string, container: ContainerSpec): number {
  const found = container.ports?.find((port) => port.name === name);
  if (!found) throw new Error(`couldn't find port named ${name} in container ${container.name}`);
  return found.containerPort;
}
