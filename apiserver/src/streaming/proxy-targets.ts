/** Where proxied requests go: a kubelet, a port of a pod, or an endpoint of a service. */

import { isIP } from 'node:net';
import type { EndpointSlice, Endpoints, Node, Pod, Service, ServicePort } from '@kubelab/api/types';
import { badRequest, notFound, serviceUnavailable } from '@kubelab/apimachinery/status-error';
import type { ObjectAccess, RequestContext } from '../contracts.js';
import type { Backend, BackendPool } from './backend.js';
import { type ConnectRoom, findPod } from './connect-room.js';
import { defaultKubeletPort, isGlobalUnicast } from './kubelet-locator.js';
import { type ProxyName, parseProxyName } from './proxy-name.js';

const nodes = { group: '', resource: 'nodes' };
const services = { group: '', resource: 'services' };
const endpointsResource = { group: '', resource: 'endpoints' };
const slicesResource = { group: 'discovery.k8s.io', resource: 'endpointslices' };

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

interface Address {
  host: string;
  port: number;
}

/** A ready endpoint of the service, chosen by chance. */
export async function locateService(room: ConnectRoom, pool: BackendPool, context: RequestContext): Promise<Backend> {
  const target = parseProxyName(context.info.name, 'service');
  const namespace = context.info.namespace ?? '';
  const service = await room.objects.get<Service>(services, namespace, target.name);
  if (!service) throw notFound(services, target.name);
  const port = servicePort(service, target.port);
  const addresses = addressesOf(room.objects, namespace, target.name, port?.name ?? '');
  const chosen = addresses[Math.floor(Math.random() * addresses.length)];
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(context.info.name)}`);
  return pool.backend({ secure: target.secure, ...chosen, host: allowed(chosen.host) });
}

function servicePort(service: Service, wanted: string): ServicePort | undefined {
  const ports = service.spec?.ports ?? [];
  if (wanted === '') return ports[0];
  const found = ports.find((port) => port.name === wanted || String(port.port) === wanted);
  if (found) return found;
  throw serviceUnavailable(
    `no service port ${JSON.stringify(wanted)} found for service ${JSON.stringify(service.metadata.name)}`,
  );
}

/** From the EndpointSlices; from the Endpoints where there are none. */
function addressesOf(objects: ObjectAccess, namespace: string, name: string, portName: string): Address[] {
  const slices = objects
    .peekAll<EndpointSlice>(slicesResource, namespace)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name);
  if (slices.length > 0) return slices.flatMap((slice) => sliceAddresses(slice, portName));
  const endpoints = objects.peek<Endpoints>(endpointsResource, namespace, name);
  return (endpoints?.subsets ?? []).flatMap((subset) => {
    const port = (subset.ports ?? []).find((candidate) => (candidate.name ?? '') === portName)?.port;
    return port === undefined ? [] : (subset.addresses ?? []).map(({ ip }) => ({ host: ip, port }));
  });
}

function sliceAddresses(slice: EndpointSlice, portName: string): Address[] {
  const port = (slice.ports ?? []).find((candidate) => (candidate.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  const ready = slice.endpoints.filter((endpoint) => endpoint.conditions?.ready !== false);
  return ready.flatMap((endpoint) => endpoint.addresses.map((host) => ({ host, port })));
}
