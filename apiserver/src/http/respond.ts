/** Writes answers: bytes with the right headers, compressed and indented where the client wants it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { parseExact, stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { JsonObject } from '@kubelab/apimachinery/json';
import type { Status, StatusError } from '@kubelab/apimachinery/status-error';
import { CORE_SCHEMA, dump } from 'js-yaml';
import { yamlIntegers } from '../registry/yaml.js';
import type { Exchange } from './exchange.js';
import { contentTypeOf, type Encoding } from './media-types.js';
import { encodeProtobuf } from './protobuf/encode.js';

const gzipAsync = promisify(gzip);
/** Upstream's threshold: smaller bodies are not worth it. */
const gzipThresholdBytes = 128 * 1024;

/** Accept lists of clients that show answers to people, as upstream recognizes them by their User-Agent. */
const humanAgents = /^(curl|Wget|Mozilla\/5\.0)/;

export function wantsPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query.get('pretty');
  if (asked !== null) return asked !== 'false' && asked !== '0';
  return humanAgents.test(userAgent);
}

export interface Body {
  code: number;
  encoding: Encoding;
  /** JSON, whatever the encoding. */
  bytes: Buffer;
}

/** Answers with an API object, given as JSON. */
export async function sendBody(exchange: Exchange, body: Body): Promise<void> {
  const bytes = formatted(exchange, body);
  await sendBytes(exchange.request, exchange.response, {
    code: body.code,
    contentType: contentTypeOf(body.encoding),
    bytes,
    ...(exchange.warnings.isEmpty ? {} : { headers: { Warning: exchange.warnings.headerValues() } }),
  });
}

/** Answers with an API object that is already encoded as the client wants it. */
export async function sendEncoded(exchange: Exchange, payload: Omit<Payload, 'headers'>): Promise<void> {
  const headers = exchange.warnings.isEmpty ? {} : { headers: { Warning: exchange.warnings.headerValues() } };
  await sendBytes(exchange.request, exchange.response, { ...payload, ...headers });
}

function formatted(exchange: Exchange, body: Body): Buffer {
  if (body.encoding === 'protobuf') return encodeProtobuf(parseExact(body.bytes.toString()) as JsonObject);
  if (body.encoding === 'yaml') return Buffer.from(toYaml(parseExact(body.bytes.toString())));
  if (!wantsPretty(exchange.query, exchange.userAgent)) return body.bytes;
  return Buffer.from(stringifyExact(parseExact(body.bytes.toString()), 2));
}

const yamlOutput = CORE_SCHEMA.extend({ implicit: [yamlIntegers] });

/** YAML as Go writes it: block style, keys sorted, no line folding, no anchors. */
export function toYaml(value: unknown): string {
  return dump(value, {
    schema: yamlOutput,
    lineWidth: -1,
    noRefs: true,
    sortKeys: true,
    indent: 2,
    noArrayIndent: true,
  });
}

export interface Payload {
  code: number;
  contentType: string;
  bytes: Buffer;
  headers?: Record<string, string | string[]>;
}

export async function sendBytes(request: IncomingMessage, response: ServerResponse, payload: Payload): Promise<void> {
  const headers: Record<string, string | string[] | number> = {
    'Cache-Control': 'no-cache, private',
    'Content-Type': payload.contentType,
    ...payload.headers,
  };
  let bytes = payload.bytes;
  if (bytes.length > gzipThresholdBytes && acceptsGzip(request)) {
    bytes = await gzipAsync(bytes, { level: 1 });
    headers['Content-Encoding'] = 'gzip';
    headers['Vary'] = 'Accept-Encoding';
  }
  headers['Content-Length'] = bytes.length;
  response.writeHead(payload.code, headers);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export function acceptsGzip(request: IncomingMessage): boolean {
  return /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/.test(
    String(request.headers['accept-encoding'] ?? ''),
  );
}

/** Answers with a Status. */
export async function sendStatus(exchange: Exchange, status: Status, encoding: Encoding = 'json'): Promise<void> {
  const code = status.code ?? 200;
  await sendBody(exchange, { code, encoding, bytes: Buffer.from(`${stringifyExact(status)}\n`) });
}

/** The headers that go with an error: Retry-After where the Status says how long. */
export function errorHeaders(error: StatusError): Record<string, string> {
  const seconds = error.details?.retryAfterSeconds;
  return seconds === undefined || seconds === 0 ? {} : { 'Retry-After': String(seconds) };
}
