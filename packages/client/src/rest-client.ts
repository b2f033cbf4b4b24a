import type { IncomingMessage } from 'node:http';
import type { ResourceType } from '@kubelab/api/resource';
import { type Draft, type KubeList, type KubeObject, toApiVersion } from '@kubelab/apimachinery/meta';
import { type Status, StatusError } from '@kubelab/apimachinery/status-error';
import type {
  DeleteParams,
  GetOptions,
  KubeClient,
  ListParams,
  PatchType,
  WatchMessage,
  WatchParams,
} from './client.js';
import { ConnectionError } from './client.js';
import type { ClientConfig } from './config.js';
import { Transport, type TransportRequest } from './transport.js';

const patchMediaTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function createClient(config: ClientConfig): KubeClient {
  return new RestClient(new Transport(config));
}

/** URL path of a collection, object or subresource. */
export function resourcePath(type: ResourceType, namespace?: string, name?: string, subresource?: string): string {
  const parts = type.group === '' ? ['/api', type.version] : ['/apis', type.group, type.version];
  if (type.namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(type.plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}

class RestClient implements KubeClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    options: GetOptions = {},
  ): Promise<T> {
    return this.#json({ method: 'GET', path: withQuery(resourcePath(type, namespace, name), { ...options }) });
  }

  list<T extends KubeObject>(type: ResourceType<T>, namespace?: string, params: ListParams = {}): Promise<KubeList<T>> {
    const { metadataOnly, ...query } = params;
    const Accept = metadataOnly
      ? `${partialMetadata('PartialObjectMetadataList')}, application/json`
      : 'application/json';
    return this.#json({ method: 'GET', path: withQuery(resourcePath(type, namespace), query), headers: { Accept } });
  }

  create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>): Promise<T> {
    return this.#json(withBody('POST', resourcePath(type, object.metadata.namespace), complete(type, object)));
  }

  update<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.#json(withBody('PUT', resourcePath(type, namespace, name), complete(type, object)));
  }

  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.#json(withBody('PUT', resourcePath(type, namespace, name, 'status'), complete(type, object)));
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace: string | undefined,
    patchType: PatchType,
    patch: unknown,
    options: { subresource?: string; fieldManager?: string; force?: boolean } = {},
  ): Promise<T> {
    const { subresource, ...query } = options;
    const path = withQuery(resourcePath(type, namespace, name, subresource), query);
    return this.#json(withBody('PATCH', path, patch, patchMediaTypes[patchType]));
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    namespace?: string,
    params: DeleteParams = {},
  ): Promise<void> {
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', ...params };
    await this.#json(withBody('DELETE', resourcePath(type, namespace, name), options));
  }

  async deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    params: Pick<ListParams, 'labelSelector' | 'fieldSelector'> & DeleteParams = {},
  ): Promise<void> {
    const { labelSelector, fieldSelector, ...options } = params;
    const path = withQuery(resourcePath(type, namespace), { labelSelector, fieldSelector });
    await this.#json(withBody('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', ...options }));
  }

  createSubresource<R>(
    type: ResourceType<KubeObject>,
    name: string,
    namespace: string | undefined,
    subresource: string,
    body: unknown,
  ): Promise<R> {
    return this.#json(withBody('POST', resourcePath(type, namespace, name, subresource), body));
  }

  updateSubresource<R>(
    type: ResourceType<KubeObject>,
    name: string,
    namespace: string | undefined,
    subresource: string,
    body: unknown,
  ): Promise<R> {
    return this.#json(withBody('PUT', resourcePath(type, namespace, name, subresource), body));
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    params: WatchParams,
    signal: AbortSignal,
  ): AsyncGenerator<WatchMessage<T>> {
    const { metadataOnly, ...query } = params;
    const Accept = metadataOnly ? `${partialMetadata('PartialObjectMetadata')}, application/json` : 'application/json';
    const path = withQuery(resourcePath(type, namespace), { ...query, watch: true });
    const response = await this.#transport.open({
      method: 'GET',
      path,
      headers: { Accept },
      signal,
    });
    if (response.statusCode !== 200) throw toError(response.statusCode ?? 0, await readAll(response));
    try {
      for await (const line of lines(response)) yield parseMessage<T>(line);
    } catch (error) {
      if (signal.aborted || error instanceof StatusError) throw error;
      throw new ConnectionError(`watch of ${type.plural} broke off`, { cause: error });
    } finally {
      response.destroy();
    }
  }

  raw(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<{ code: number; headers: IncomingMessage['headers']; body: string }> {
    const { body, headers, signal } = options;
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    return this.#transport.text({
      method,
      path,
      headers: { ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(text === undefined ? {} : { body: text }),
      ...(signal ? { signal } : {}),
    });
  }

  close(): void {
    this.#transport.close();
  }

  async #json<R>(request: TransportRequest): Promise<R> {
    const { code, body } = await this.#transport.text({
      ...request,
      headers: { Accept: 'application/json', ...request.headers },
    });
    if (code < 200 || code > 299) throw toError(code, body);
    return JSON.parse(body) as R;
  }
}

function partialMetadata(kind: string): string {
  return `application/json;as=${kind};g=meta.k8s.io;v=v1`;
}

/** Objects taken from lists carry no apiVersion and kind; the server wants them. */
function complete(type: ResourceType, object: object): object {
  return { apiVersion: toApiVersion(type.group, type.version), kind: type.kind, ...object };
}

function withBody(method: string, path: string, body: unknown, mediaType = 'application/json'): TransportRequest {
  return { method, path, body: JSON.stringify(body), headers: { 'Content-Type': mediaType } };
}

function withQuery(path: string, params: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

function toError(code: number, body: string): StatusError {
  try {
    const status = JSON.parse(body) as Partial<Status>;
    if (status.kind === 'Status') return StatusError.fromStatus(status, code);
  } catch {
    // Not every answer comes from an API server; a proxy's page is quoted as it is.
  }
  return new StatusError({ code, reason: '', message: `the server answered ${code}: ${body.slice(0, 200).trim()}` });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Complete lines of a byte stream, without assuming that a chunk ends with one. */
async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  for await (const data of response) {
    let chunk = data as Buffer;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
      pending.push(chunk.subarray(0, end));
      const line = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
      pending = [];
      chunk = chunk.subarray(end + 1);
      if (line.length > 0) yield line.toString('utf8');
    }
    if (chunk.length > 0) pending.push(chunk);
  }
}

function parseMessage<T>(line: string): WatchMessage<T> {
  const message = JSON.parse(line) as { type: string; object: unknown };
  if (message.type === 'ERROR') {
    const status = message.object as Partial<Status>;
    throw StatusError.fromStatus(status, status.code ?? 500);
  }
  return message as WatchMessage<T>;
}
