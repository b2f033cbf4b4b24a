import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Blob } from './image.js';

/** The registry did not do what was asked. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
}

/** There is no registry, or not yet. */
export class RegistryUnreachableError extends RegistryError {}

interface Answer {
  code: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** The pushing half of the distribution API, over plain HTTP. */
export class RegistryClient {
  readonly #base: string;
  readonly #agent = new Agent({ keepAlive: true });

  /** `base` is `http://host:port`. */
  constructor(base: string) {
    this.#base = base.replace(/\/$/, '');
  }

  /** Throws RegistryUnreachableError while nothing answers. */
  async ping(): Promise<void> {
    expect(await this.#send('GET', '/v2/'), 200, 'answer');
  }

  /** Digest of the manifest that a tag names now. */
  async manifestDigest(repository: string, tag: string, mediaType: string): Promise<string | undefined> {
    const answer = await this.#send('HEAD', `/v2/${repository}/manifests/${tag}`, { headers: { Accept: mediaType } });
    if (answer.code === 404) return undefined;
    expect(answer, 200, `look up ${repository}:${tag}`);
    return answer.headers['docker-content-digest'] as string | undefined;
  }

  async hasBlob(repository: string, digest: string): Promise<boolean> {
    const { code } = await this.#send('HEAD', `/v2/${repository}/blobs/${digest}`);
    return code === 200;
  }

  /** The registry checks the digest. */
  async uploadBlob(repository: string, blob: Blob): Promise<void> {
    const start = await this.#send('POST', `/v2/${repository}/blobs/uploads/`);
    expect(start, 202, `start an upload to ${repository}`);
    const location = new URL(start.headers.location ?? '', this.#base);
    location.searchParams.set('digest', blob.digest);
    const answer = await this.#send('PUT', location.href, {
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(blob.size) },
      body: blob.open(),
    });
    expect(answer, 201, `upload ${blob.digest} to ${repository}`);
  }

  async putManifest(repository: string, tag: string, mediaType: string, manifest: Buffer): Promise<void> {
    const answer = await this.#send('PUT', `/v2/${repository}/manifests/${tag}`, {
      headers: { 'Content-Type': mediaType, 'Content-Length': String(manifest.length) },
      body: Readable.from([manifest]),
    });
    expect(answer, 201, `store the manifest of ${repository}:${tag}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    path: string,
    options: { headers?: Record<string, string>; body?: Readable } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => {
        reject(new RegistryUnreachableError(`the registry ${this.#base} does not answer: ${cause.message}`, { cause }));
      };
      const outgoing = request(new URL(path, this.#base), {
        method,
        agent: this.#agent,
        headers: options.headers ?? {},
      });
      outgoing.on('error', fail);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ code: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      if (options.body) pipeline(options.body, outgoing).catch(fail);
      else outgoing.end();
    });
  }
}

function expect(answer: Answer, code: number, what: string): void {
  if (answer.code === code) return;
  throw new RegistryError(`the registry refused to ${what}: ${answer.code} ${answer.body.trim().slice(0, 300)}`);
}
