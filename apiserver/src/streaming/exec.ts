/** pods/exec, pods/attach and pods/portforward: connections that the kubelet takes over. */

import type { IncomingMessage } from 'node:http';
import type { Pod } from '@kubelab/api/types';
import { badRequest } from '@kubelab/apimachinery/status-error';
import type { ConnectHandler, RequestContext } from '../contracts.js';
import { booleanParameter } from './boolean-query.js';
import { admitConnect, type ConnectRoom, dialError, findPod, kubeletPath } from './connect-room.js';
import { chooseContainer } from './container-choice.js';
import { forwardRequest } from './forward-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import { requestHeaders } from './forwarded-headers.js';

/** What the kubelet is asked for. */
interface KubeletCall {
  nodeName: string;
  path: string;
}

type Planner = (
  context: RequestContext,
  pod: Pod,
) => { segments: string[]; query: URLSearchParams; options: Record<string, unknown> };

export function createExecHandler(room: ConnectRoom): ConnectHandler {
  return connectHandler(room, (context, pod) => planStreams('exec', context, pod));
}

export function createAttachHandler(room: ConnectRoom): ConnectHandler {
  return connectHandler(room, (context, pod) => planStreams('attach', context, pod));
}

export function createPortForwardHandler(room: ConnectRoom): ConnectHandler {
  return connectHandler(room, (context, pod) => {
    const ports = context.query.getAll('ports').flatMap((value) => value.split(','));
    const query = new URLSearchParams();
    for (const port of ports) query.append('port', checkedPort(port));
    return {
      segments: ['portForward', pod.metadata.namespace ?? '', pod.metadata.name],
      query,
      options: { kind: 'PodPortForwardOptions', apiVersion: 'v1', ports: ports.map(Number) },
    };
  });
}

function checkedPort(text: string): string {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) {
    throw badRequest(`port ${JSON.stringify(text)} must be a number between 1 and 65535`);
  }
  return text;
}

/** The kubelet's names of the streams differ from the API's. */
function planStreams(action: 'exec' | 'attach', context: RequestContext, pod: Pod): ReturnType<Planner> {
  const container = chooseContainer(pod, context.query.get('container') ?? '');
  const flag = (name: string): boolean => booleanParameter(context.query, name);
  const query = new URLSearchParams();
  if (flag('stdin')) query.set('input', '1');
  if (flag('stdout')) query.set('output', '1');
  if (flag('stderr')) query.set('error', '1');
  if (flag('tty')) query.set('tty', '1');
  const command = context.query.getAll('command');
  if (action === 'exec') for (const word of command) query.append('command', word);
  const options = {
    kind: action === 'exec' ? 'PodExecOptions' : 'PodAttachOptions',
    apiVersion: 'v1',
    container,
    stdin: flag('stdin'),
    stdout: flag('stdout'),
    stderr: flag('stderr'),
    tty: flag('tty'),
    ...(action === 'exec' ? { command } : {}),
  };
  return { segments: [action, pod.metadata.namespace ?? '', pod.metadata.name, container], query, options };
}

function connectHandler(room: ConnectRoom, plan: Planner): ConnectHandler {
  const prepare = async (context: RequestContext): Promise<KubeletCall> => {
    const pod = await findPod(room, context);
    const { segments, query, options } = plan(context, pod);
    if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
    await admitConnect(room, context, 'pods', options);
    return { nodeName: pod.spec.nodeName, path: kubeletPath(segments, query) };
  };
  return {
    /** A request without upgrade: only the kubelet can say what is wrong with it. */
    async handle(context, request, response) {
      checkMethod(request);
      const { nodeName, path } = await prepare(context);
      const backend = await room.kubelets.locate(nodeName);
      await forwardRequest(request, response, {
        backend,
        method: request.method ?? 'GET',
        path,
        headers: requestHeaders(request, { upgrade: false }),
        withBody: true,
        unreachable: dialError(backend),
      });
    },
    async upgrade(context, request, socket, head) {
      checkMethod(request);
      const { nodeName, path } = await prepare(context);
      const backend = await room.kubelets.locate(nodeName);
      const headers = requestHeaders(request, { upgrade: true });
      await forwardUpgrade(request, socket, head, { backend, path, headers, unreachable: dialError(backend) });
    },
  };
}

function checkMethod(request: IncomingMessage): void {
  if (request.method !== 'GET' && request.method !== 'POST') {
    throw badRequest(`method ${request.method ?? ''} is not supported: use GET or POST`);
  }
}
