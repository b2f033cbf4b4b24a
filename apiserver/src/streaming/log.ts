/** GET pods/NAME/log: the kubelet's copy of what a container wrote. */

import type { IncomingMessage } from 'node:http';
import { type FieldError, invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import {
  badRequest,
  internalError,
  methodNotSupported,
  StatusError,
  unclassifiedError,
} from '@kubelab/apimachinery/status-error';
import type { ConnectHandler, RequestContext } from '../contracts.js';
import { describeFailure } from './backend.js';
import { booleanParameter, integerParameter } from './boolean-query.js';
import { type ConnectRoom, findPod, kubeletPath } from './connect-room.js';
import { chooseContainer } from './container-choice.js';
import { type ForwardOptions, forwardRequest, open } from './forward-request.js';
import { chooseProtocol, sendOverWebSocket } from './log-websocket.js';

const maxErrorLength = 50_000;

export function createLogHandler(room: ConnectRoom): ConnectHandler {
  return {
    async handle(context, request, response) {
      const log = await prepare(room, context, request);
      if (!log) {
        // Nobody has written anything yet.
        response.writeHead(204).end();
        return;
      }
      await forwardRequest(request, response, {
        ...log,
        withBody: false,
        rewriteHeaders: () => ['Content-Type', 'text/plain', 'Cache-Control', 'no-cache, private'],
      });
    },
    async upgrade(context, request, socket, head) {
      const log = await prepare(room, context, request);
      const protocol = chooseProtocol(request);
      const answer = log && (await fetchAnswer(log));
      await sendOverWebSocket({ request, socket, head, protocol }, answer);
    },
  };
}

type LogRequest = Pick<ForwardOptions, 'backend' | 'method' | 'path' | 'headers' | 'unreachable'> & {
  inspect(answer: IncomingMessage): Promise<void>;
};

/** What to ask the kubelet; undefined for a pod that has none yet. Throws StatusError for what cannot be asked. */
async function prepare(
  room: ConnectRoom,
  context: RequestContext,
  request: IncomingMessage,
): Promise<LogRequest | undefined> {
  if (request.method !== 'GET') throw methodNotSupported({ group: '', resource: 'pods/log' }, context.info.verb);
  const query = kubeletQuery(context);
  const pod = await findPod(room, context);
  const container = chooseContainer(pod, context.query.get('container') ?? '');
  if (!pod.spec.nodeName) return undefined;
  const verify = !booleanParameter(context.query, 'insecureSkipTLSVerifyBackend');
  const backend = await room.kubelets.locate(pod.spec.nodeName, { verify });
  const path = kubeletPath(['containerLogs', context.info.namespace ?? '', pod.metadata.name, container], query);
  return {
    backend,
    method: 'GET',
    path,
    headers: { accept: '*/*' },
    unreachable: (error) => {
      const url = `https://${backend.host}:${backend.port}${path}`;
      return unclassifiedError(`Get ${JSON.stringify(url)}: ${describeFailure(error, backend)}`, error);
    },
    inspect: (answer) => checkAnswer(context, answer),
  };
}

async function fetchAnswer(log: LogRequest): Promise<IncomingMessage> {
  const outgoing = open(log);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => reject(log.unreachable(error)));
    outgoing.end();
  });
  await log.inspect(answer);
  return answer;
}

/** The options as the kubelet takes them. Throws StatusError 422 for those that cannot be. */
function kubeletQuery({ query }: RequestContext): URLSearchParams {
  const errors: FieldError[] = [];
  const wanted = new URLSearchParams();
  for (const name of ['follow', 'previous', 'timestamps']) if (booleanParameter(query, name)) wanted.set(name, 'true');
  const atLeast = (name: string, least: number, detail: string): void => {
    const value = integerParameter(query, name);
    if (value === undefined) return;
    if (value < least) errors.push(invalid(name, value, detail));
    wanted.set(name, String(value));
  };
  atLeast('tailLines', 0, 'must be greater than or equal to 0');
  atLeast('limitBytes', 1, 'must be greater than 0');
  atLeast('sinceSeconds', 1, 'must be greater than 0');
  const sinceTime = query.get('sinceTime');
  if (sinceTime) {
    if (Number.isNaN(Date.parse(sinceTime)))
      throw badRequest(`parsing time ${JSON.stringify(sinceTime)}: cannot parse as RFC 3339`);
    if (wanted.has('sinceSeconds')) {
      const detail = 'at most one of `sinceTime` or `sinceSeconds` may be specified';
      errors.push({ type: 'FieldValueForbidden', field: '', detail: `Forbidden: ${detail}` });
    }
    wanted.set('sinceTime', sinceTime);
  }
  const stream = query.get('stream');
  if (stream && stream !== 'All') wanted.set('stream', stream);
  if (errors.length > 0) throw invalidObject({ group: '', kind: 'PodLogOptions' }, '', errors);
  return wanted;
}

/** Turns a kubelet's refusal into a Status, as upstream: its text is the message. */
async function checkAnswer(context: RequestContext, answer: IncomingMessage): Promise<void> {
  const code = answer.statusCode ?? 502;
  if (code >= 200 && code <= 206) return;
  const text = await readText(answer);
  if (code === 400) throw badRequest(text.trimEnd());
  if (code === 500) throw internalError(new Error(text.trimEnd()));
  throw genericError(code, context.info.name, text.trimEnd());
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxErrorLength) break;
  }
  return Buffer.concat(chunks).subarray(0, maxErrorLength).toString('utf8');
}

const genericReasons: Readonly<Record<number, readonly [string, string]>> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  403: ['Forbidden', ''],
  404: ['NotFound', 'the server could not find the requested resource'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
};

/** Upstream's NewGenericServerResponse. */
function genericError(code: number, name: string, text: string): StatusError {
  const [reason, message] = genericReasons[code] ?? [
    'Unknown',
    `the server responded with the status code ${code} but did not return more information`,
  ];
  const about = `${message === '' ? text : message} (${`pods/log ${name}`.trim()})`;
  return new StatusError({
    code,
    reason,
    message: about,
    details: { name, kind: 'pods/log', causes: [{ reason: 'UnexpectedServerResponse', message: text }] },
  });
}
