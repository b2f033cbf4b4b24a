/** Where proxied requests go: a kubelet, a port of a pod, or an endpoint of a service. */

import { isIP } from 'node:net';
import type { Endpoints, Node, Pod, Service } from '@kubelab/api/types';
import { badRequest, notFound, serviceUnavailable } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess, RequestContext } from '../contracts.js';
import type { Backend, BackendPool } from './backend.js';
import { type ConnectRoom, findPod } from './connect-room.js';
import { defaultKubeletPort, isGlobalUnicast } from './kubelet-locator.js';
import { type ProxyName, parseProxyName } from './proxy-name.js';

const nodes = { group: '', resource: 'nodes' };
const services = { group: '', resource: 'services' };
const endpointsResource = { group: '', resource: 'endpoints' };
const pods = { group: '', resource: 'pods' };

/** An object that names this server's own loopback as its address would turn the server against itself. */
function allowed(host: string): string {
  if (!isGlobalUnicast(host)) throw badRequest('address not allowed');
  return host;
}

/** The kubelet by default, any other port of the node when one is named. */
export async function locateNode(room: ConnectRoom, pool: BackendPool, context: RequestContext): Promise<Backend> {
  const target = parseProxyName(context.info.name, 'node');
  const node = await room.objects.get<Node>(nodes, undefined, target.name);
  if (!node) throw notFound(nodes, target.name);
  const kubelet = await room.kubelets.locate(target.name);
  const port = target.port === '' ? kubelet.port : Number(target.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw badRequest(`invalid node request ${JSON.stringify(context.info.name)}`);
  }
  if (port === kubelet.port || port === defaultKubeletPort) return { ...kubelet, port };
  const host = isIP(kubelet.host) === 0 ? kubelet.host : allowed(kubelet.host);
  return pool.backend({ secure: target.secure, host, port });
}

export async function locatePod(room: ConnectRoom, pool: BackendPool, context: RequestContext): Promise<Backend> {
  const target = parseProxyName(context.info.name, 'pod');
  const pod = await findPod(room, context, target.name);
  const host = allowed(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '');
  return pool.backend({ secure: target.secure, host, port: podPort(pod, target, context.info.name) });
}

function podPort(pod: Pod, target: ProxyName, text: string): number {
  const ports = (pod.spec.containers ?? []).flatMap((container) => container.ports ?? []);
  if (target.port === '') return ports[0]?.containerPort ?? (target.secure ? 443 : 80);
  const port = /^\d+$/.test(target.port)
    ? Number(target.port)
    : (ports.find((candidate) => candidate.name === target.port)?.containerPort ?? 0);
  if (port < 1 || port > 65535) throw badRequest(`invalid pod request ${JSON.stringify(text)}`);
  return port;
}

/** A ready pod of the service, chosen by chance. */
export async function locateService(room: ConnectRoom, pool: BackendPool, context: RequestContext): Promise<Backend> {
  const target = parseProxyName(context.info.name, 'service');
  const namespace = context.info.namespace ?? '';
  const portName = await servicePortName(room.objects, namespace, target);
  const found = await room.objects.get<Endpoints>(endpointsResource, namespace, target.name);
  if (!found) throw notFound(endpointsResource, target.name);
  const subsets = found.subsets ?? [];
  if (subsets.length === 0) throw noEndpoints(target.name);
  const addresses = addressesOf(room.objects, namespace, subsets, portName);
  const chosen = addresses[Math.floor(Math.random() * addresses.length)];
  if (!chosen) throw noEndpoints(context.info.name);
  return pool.backend({ secure: target.secure, ...chosen, host: allowed(chosen.host) });
}

function noEndpoints(text: string): Error {
  return serviceUnavailable(`no endpoints available for service ${JSON.stringify(text)}`);
}

/** A number stands for the port's name; without either the port must be one that needs no name. */
async function servicePortName(objects: ObjectAccess, namespace: string, target: ProxyName): Promise<string> {
  if (!/^\d+$/.test(target.port)) return target.port;
  const service = await objects.get<Service>(services, namespace, target.name);
  if (!service) throw notFound(services, target.name);
  const number = Number(target.port);
  const found = (service.spec?.ports ?? []).find((port) => port.port === number);
  if (found) return found.name ?? '';
  throw serviceUnavailable(`no service port ${number} found for service ${JSON.stringify(target.name)}`);
}

type Subset = NonNullable<Endpoints['subsets']>[number];
type EndpointAddress = NonNullable<Subset['addresses']>[number];

/** Only pods of the service's own namespace: who may write Endpoints must not thereby reach whatever the server can reach. */
function addressesOf(
  objects: ObjectAccess,
  namespace: string,
  subsets: readonly Subset[],
  portName: string,
): { host: string; port: number }[] {
  return subsets.flatMap((subset) => {
    const port = (subset.ports ?? []).find((candidate) => (candidate.name ?? '') === portName)?.port;
    if (port === undefined) return [];
    const usable = (subset.addresses ?? []).filter((address) => isPodAddress(objects, namespace, address));
    return usable.map(({ ip }) => ({ host: ip, port }));
  });
}

function isPodAddress(objects: ObjectAccess, namespace: string, { ip, targetRef }: EndpointAddress): boolean {
  if (!targetRef?.name || targetRef.namespace !== namespace) return false;
  const pod = objects.peek<Pod>(pods, namespace, targetRef.name);
  return (pod?.status?.podIPs ?? []).some((podIP) => podIP.ip === ip);
}
