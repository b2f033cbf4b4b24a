/** A very small API server for one collection (ConfigMaps), over real HTTP: lists, pages, watches, and can be told to misbehave. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface StoredObject {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string };
  data: Record<string, string>;
}

interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  revision: number;
  object: StoredObject;
}

export interface RecordedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export class CollectionServer {
  readonly requests: RecordedRequest[] = [];
  /** Answers instead of the collection when it returns true. */
  intercept: (request: RecordedRequest, response: ServerResponse) => boolean = () => false;
  /** Watches from before this revision are told 410. */
  compactedAt = 0;
  readonly #server: Server;
  readonly #objects = new Map<string, StoredObject>();
  readonly #history: Change[] = [];
  readonly #watches = new Set<ServerResponse>();
  #revision = 100;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.#answer(request, Buffer.concat(chunks).toString('utf8'), response));
    });
  }

  static async start(): Promise<CollectionServer> {
    const server = new CollectionServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watches(): number {
    return this.#watches.size;
  }

  lists(): RecordedRequest[] {
    return this.requests.filter(({ method, query }) => method === 'GET' && !query.has('watch'));
  }

  put(name: string, value: string): void {
    const old = this.#objects.get(name);
    const metadata = {
      name,
      namespace: 'ns',
      uid: old?.metadata.uid ?? `uid-${name}-${this.#revision}`,
      resourceVersion: String(++this.#revision),
    };
    const object = { metadata, data: { value } };
    this.#objects.set(name, object);
    this.#record(old ? 'MODIFIED' : 'ADDED', object);
  }

  remove(name: string): void {
    const old = this.#objects.get(name);
    if (!old) throw new Error(`there is no ${name}`);
    this.#objects.delete(name);
    this.#record('DELETED', { ...old, metadata: { ...old.metadata, resourceVersion: String(++this.#revision) } });
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(this.#revision) };
    for (const watch of this.#watches) watch.write(line('BOOKMARK', { metadata }));
  }

  /** Moves on without anything that this collection's watchers see. */
  moveOn(revisions: number): void {
    this.#revision += revisions;
  }

  /** Ends every watch: politely, or by cutting the connection, perhaps in the middle of a line. */
  breakWatches(how: 'end' | 'cut' | 'half-line'): void {
    for (const watch of this.#watches) {
      if (how === 'end') watch.end();
      else {
        if (how === 'half-line') watch.write('{"type":"ADDED","object":{"metadata":{"na');
        setImmediate(() => watch.destroy());
      }
    }
    this.#watches.clear();
  }

  /** An error event in every watch, as when a revision is compacted away under it. */
  expireWatches(): void {
    for (const watch of this.#watches) watch.end(line('ERROR', status(410, 'Expired', 'too old resource version')));
    this.#watches.clear();
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #record(type: Change['type'], object: StoredObject): void {
    this.#history.push({ type, revision: this.#revision, object });
    for (const watch of this.#watches) watch.write(line(type, object));
  }

  #answer(incoming: IncomingMessage, body: string, response: ServerResponse): void {
    const url = new URL(incoming.url ?? '/', this.url);
    const { method = 'GET', headers } = incoming;
    const request = { method, path: url.pathname, query: url.searchParams, headers, body };
    this.requests.push(request);
    if (this.intercept(request, response)) return;
    response.setHeader('Content-Type', 'application/json');
    if (request.query.get('watch') === 'true') this.#watch(request, response);
    else this.#list(request, response);
  }

  #list({ query }: RecordedRequest, response: ServerResponse): void {
    const all = [...this.#objects.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? all.length);
    const metadata = {
      resourceVersion: String(this.#revision),
      ...(end < all.length ? { continue: String(end) } : {}),
    };
    response.end(JSON.stringify({ kind: 'ConfigMapList', apiVersion: 'v1', metadata, items: all.slice(start, end) }));
  }

  #watch({ query }: RecordedRequest, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    if (from < this.compactedAt) {
      response.end(line('ERROR', status(410, 'Expired', `too old resource version: ${from}`)));
      return;
    }
    response.flushHeaders();
    for (const { type, revision, object } of this.#history) if (revision > from) response.write(line(type, object));
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }
}

function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function status(code: number, reason: string, message: string): Record<string, unknown> {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
