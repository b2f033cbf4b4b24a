/** Protobuf and WebSockets as clients meet them. */

import { request } from 'node:https';
import { configMap } from '@kubelab/api/core/config-map';
import { namespace } from '@kubelab/api/core/namespace';
import { pod } from '@kubelab/api/core/pod';
import type { JsonObject } from '@kubelab/apimachinery/json';
import { WebSocket } from 'ws';
import { startTestApi, type TestApi } from '../testing/test-api.js';
import { readEnvelope } from './protobuf/decode.js';
import { encodeProtobuf } from './protobuf/encode.js';

let api: TestApi;
const maps = '/api/v1/namespaces/default/configmaps';
const protobuf = 'application/vnd.kubernetes.protobuf';

beforeAll(async () => {
  api = await startTestApi({ definitions: [configMap, namespace, pod] });
  for (const name of ['a', 'b']) await api.client.post(maps, { metadata: { name }, data: { name } });
});
afterAll(() => api?.close());

interface Answer {
  code: number;
  type: string;
  bytes: Buffer;
}

function send(method: string, path: string, headers: Record<string, string>, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, certificates } = api;
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers, ca: certificates.ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        resolve({ code: response.statusCode ?? 0, type, bytes: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const decode = (bytes: Buffer): JsonObject => readEnvelope(bytes).decode({ apiVersion: '', kind: '' });
const post = (path: string, body: Buffer): Promise<Answer> =>
  send('POST', path, { 'Content-Type': protobuf, Accept: `${protobuf}, */*`, 'User-Agent': 'test/1' }, body);

describe('protobuf', () => {
  it('is read and written', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'proto' }, binaryData: { x: 'AP8=' } };
    const created = await post(maps, encodeProtobuf(object));
    expect(created).toMatchObject({ code: 201, type: protobuf });
    expect(decode(created.bytes)).toMatchObject({ metadata: { namespace: 'default' }, binaryData: { x: 'AP8=' } });
    const { bytes } = await send('GET', `${maps}/proto`, { Accept: protobuf });
    expect(decode(bytes)).toEqual((await api.client.get(`${maps}/proto`)).body);
    await api.client.delete(`${maps}/proto`);
  });

  it('writes lists whose items are those of JSON', async () => {
    const list = await send('GET', maps, { Accept: protobuf });
    expect(list.type).toBe(protobuf);
    expect(list.bytes.indexOf('ConfigMapList')).toBeGreaterThan(0);
    expect(list.bytes.includes((await api.client.get(`${maps}/b`)).body.metadata.uid)).toBe(true);
    const metadata = await send('GET', maps, { Accept: `${protobuf};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io` });
    expect(metadata.bytes.indexOf('PartialObjectMetadataList')).toBeGreaterThan(0);
  });

  it('answers errors in kind', async () => {
    const { code, bytes } = await send('GET', `${maps}/nothing`, { Accept: protobuf });
    expect(code).toBe(404);
    expect(decode(bytes)).toMatchObject({
      kind: 'Status',
      reason: 'NotFound',
      code: 404,
      details: { name: 'nothing' },
    });
  });

  it.each([
    ['truncated', (good: Buffer) => good.subarray(0, -20)],
    ['without its magic', (good: Buffer) => good.subarray(4)],
    ['with a length beyond its end', (good: Buffer) => Buffer.concat([good.subarray(0, 4), Buffer.alloc(12, 0xff)])],
    ['of another kind', () => encodeProtobuf({ apiVersion: 'v1', kind: 'Pod' })],
  ])('refuses a body %s', async (_name, damage) => {
    const good = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, data: { a: 'b' } });
    const { code, bytes } = await post(maps, damage(good));
    expect(code).toBe(400);
    expect(decode(bytes)).toMatchObject({ kind: 'Status', reason: 'BadRequest' });
  });

  it('takes DeleteOptions', async () => {
    await api.client.post(maps, { metadata: { name: 'gone' } });
    const body = encodeProtobuf({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'wrong' } });
    const { code, bytes } = await send(
      'DELETE',
      `${maps}/gone`,
      { 'Content-Type': protobuf, 'Content-Length': String(body.length) },
      body,
    );
    expect(JSON.parse(bytes.toString())).toMatchObject({ reason: 'Conflict' });
    expect(code).toBe(409);
    await api.client.delete(`${maps}/gone`);
  });

  it('streams events in frames', async () => {
    const path = `${maps}?watch=true&timeoutSeconds=1`;
    const { type, bytes } = await send('GET', path, { Accept: `${protobuf};stream=watch` });
    expect(type).toBe(`${protobuf};stream=watch`);
    const names: unknown[] = [];
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
      const frame = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
      expect(frame.subarray(0, 7).toString('latin1')).toBe('\n\x05ADDED');
      names.push((decode(frame.subarray(frame.indexOf('k8s\0')))['metadata'] as JsonObject)['name']);
    }
    expect(names).toEqual(['a', 'b']);
  });
});

describe('watch over WebSocket', () => {
  const open = (path: string, protocols: string[], headers: Record<string, string> = {}): WebSocket =>
    new WebSocket(`wss://127.0.0.1:${api.port}${path}`, protocols, { ca: api.certificates.ca, headers });
  const nextMessage = (socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> =>
    new Promise((resolve, reject) => {
      socket.once('message', (data: Buffer, isBinary) => resolve({ data, isBinary }));
      socket.once('error', reject);
    });
  const ended = (socket: WebSocket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

  it('sends each event as text', async () => {
    const socket = open(`${maps}?watch=true&fieldSelector=metadata.name%3Da`, []);
    const { data, isBinary } = await nextMessage(socket);
    expect(isBinary).toBe(false);
    expect(JSON.parse(data.toString())).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    const next = nextMessage(socket);
    await api.client.patch(`${maps}/a`, 'merge', { data: { changed: 'yes' } });
    expect(JSON.parse((await next).data.toString())).toMatchObject({ type: 'MODIFIED' });
    socket.close();
    await ended(socket);
  });

  it('takes a protocol, and sends protobuf as binary', async () => {
    const socket = open(`${maps}?watch=true&fieldSelector=metadata.name%3Db`, ['binary.k8s.io'], { Accept: protobuf });
    const { data, isBinary } = await nextMessage(socket);
    expect(socket.protocol).toBe('binary.k8s.io');
    expect(isBinary).toBe(true);
    expect(data.subarray(0, 7).toString('latin1')).toBe('\n\x05ADDED');
    socket.terminate();
  });

  it('ends when its time is up', async () => {
    const socket = open(`${maps}?watch=true&timeoutSeconds=1`, []);
    await ended(socket);
  });

  it('refuses as ever before it begins', async () => {
    const socket = open(`${maps}?watch=true&resourceVersion=nonsense`, []);
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toContain('422');
  });
});
