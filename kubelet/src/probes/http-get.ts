import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { kubernetesVersion } from '@kubelab/component/identity';

export interface HttpGetOptions {
  scheme: string;
  host: string;
  port: number;
  path: string;
  headers: readonly { name: string; value: string }[];
  timeoutMs: number;
  userAgent?: string;
}

export interface HttpGetAnswer {
  statusCode: number;
  /** At most 10 KiB. */
  body: string;
  /** Where a redirect leads, as the server says it. */
  location: string | undefined;
}

const maxBodyBytes = 10 * 1024;
const [major, minor] = kubernetesVersion.split('.');
export const probeUserAgent = `kube-probe/${major}.${minor}`;

/** Text of a URL as Go prints it in its errors. */
export function probeUrl({
  scheme,
  host,
  port,
  path,
}: Pick<HttpGetOptions, 'scheme' | 'host' | 'port' | 'path'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme.toLowerCase()}://${name}:${port}${path.startsWith('/') ? '' : '/'}${path}`;
}

/** One GET without following redirects and without verifying certificates. Rejects with Go's words for what went wrong. */
export function httpGet(options: HttpGetOptions): Promise<HttpGetAnswer> {
  const url = probeUrl(options);
  return new Promise((resolve, reject) => {
    const send = options.scheme.toUpperCase() === 'HTTPS' ? httpsRequest : httpRequest;
    const fail = (why: string): void => reject(new Error(`Get "${url}": ${why}`));
    const request = send({
      host: options.host,
      port: options.port,
      path: options.path.startsWith('/') ? options.path : `/${options.path}`,
      headers: headersOf(options),
      agent: false,
      rejectUnauthorized: false,
    });
    const timer = setTimeout(() => {
      request.destroy();
      fail('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
    }, options.timeoutMs);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        if (size < maxBodyBytes) chunks.push(chunk.subarray(0, maxBodyBytes - size));
        size += chunk.length;
        if (size >= maxBodyBytes) response.destroy();
      });
      response.on('error', (error) => fail(error.message));
      response.on('close', () => {
        clearTimeout(timer);
        resolve({
          statusCode: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          location: response.headers.location,
        });
      });
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      fail(dialError(error, options.host, options.port));
    });
    request.end();
  });
}

function headersOf(options: HttpGetOptions): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const { name, value } of options.headers) {
    const known = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
    headers[known] = [...(headers[known] ?? []), value];
  }
  const has = (name: string): boolean => Object.keys(headers).some((key) => key.toLowerCase() === name);
  if (!has('user-agent')) headers['User-Agent'] = [options.userAgent ?? probeUserAgent];
  if (!has('accept')) headers['Accept'] = ['*/*'];
  headers['Connection'] = ['close'];
  const { Host: host, ...rest } = headers;
  return { ...rest, ...(host?.[0] ? { Host: host[0] } : {}) };
}

const goErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** A connection error in Go's words. */
export function dialError(error: Error, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const known = goErrors[code];
  if (known) return `dial tcp ${address}: ${known}`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'ECONNRESET')
    return /hang up/.test(error.message) ? 'EOF' : `read tcp ${address}: read: connection reset by peer`;
  return error.message;
}
