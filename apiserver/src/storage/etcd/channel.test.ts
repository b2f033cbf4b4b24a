/** The channel against a server that does what real ones do only when they are in trouble. */

import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { hadNoEffect, isTimeout, isTransient } from '../etcd-errors.js';
import { EtcdChannel } from './channel.js';

let server: Http2Server;
let channel: EtcdChannel;
let sessions: ServerHttp2Session[];
let answer: (stream: ServerHttp2Stream, body: Buffer) => void;

const framed = (text: string): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
};

function respond(stream: ServerHttp2Stream, chunks: readonly Buffer[], trailers: Record<string, string>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
}

beforeEach(async () => {
  sessions = [];
  answer = (stream, body) => respond(stream, [framed(`got ${body.subarray(5).toString()}`)], { 'grpc-status': '0' });
  server = createServer();
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('end', () => answer(stream, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  channel = new EtcdChannel({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});

afterEach(async () => {
  channel.close();
  for (const session of sessions) session.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const call = (text = 'x', timeoutMs = 20_000): Promise<string> =>
  channel.call('/s/m', framed(text), timeoutMs).then(String);
const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: Error) => error,
  );

it('asks many things at the same time over one connection', async () => {
  const texts = Array.from({ length: 50 }, (_, index) => `n${index}`);
  expect(await Promise.all(texts.map((text) => call(text)))).toEqual(texts.map((text) => `got ${text}`));
  expect(sessions).toHaveLength(1);
});

it('puts together an answer that comes in pieces', async () => {
  answer = (stream) => {
    const bytes = framed('in pieces');
    respond(stream, [bytes.subarray(0, 3), bytes.subarray(3, 8), bytes.subarray(8)], { 'grpc-status': '0' });
  };
  expect(await call()).toBe('in pieces');
});

it.each([
  ['in trailers', (stream: ServerHttp2Stream, status: Record<string, string>) => respond(stream, [], status)],
  [
    'in place of an answer',
    (stream: ServerHttp2Stream, status: Record<string, string>) =>
      stream.respond({ ':status': 200, ...status }, { endStream: true }),
  ],
])("tells the member's error %s", async (_, send) => {
  answer = (stream) => send(stream, { 'grpc-status': '14', 'grpc-message': 'etcdserver: no leader%20at%20all 100%' });
  const error = await failure(call());
  expect(error.message).toBe('14 UNAVAILABLE: etcdserver: no leader at all 100%');
  expect([isTransient(error), hadNoEffect(error)]).toEqual([true, false]);
});

it('gives up when the time is over, and goes on with the next call', async () => {
  const normal = answer;
  answer = () => undefined;
  const error = await failure(call('x', 50));
  expect(isTimeout(error)).toBe(true);
  answer = normal;
  expect(await call('y')).toBe('got y');
});

it('fails what is under way when the connection breaks, and connects again', async () => {
  const normal = answer;
  answer = () => sessions[0]?.destroy();
  const error = await failure(call());
  expect([isTransient(error), hadNoEffect(error)]).toEqual([true, false]);
  answer = normal;
  expect(await call('again')).toBe('got again');
  expect(sessions).toHaveLength(2);
});

it('leaves a member that says goodbye when the answers are there', async () => {
  const normal = answer;
  answer = (stream, body) => {
    sessions[0]?.goaway();
    setImmediate(() => normal(stream, body));
  };
  expect(await call('last')).toBe('got last');
  answer = normal;
  expect(await call('next')).toBe('got next');
});

it('knows that nobody has seen a call that could not be sent', async () => {
  const port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  const nobody = new EtcdChannel({ endpoint: `http://127.0.0.1:${port}` });
  const error = await failure(nobody.call('/s/m', framed('x'), 5_000));
  expect(error.message).toContain('No connection established');
  expect(hadNoEffect(error)).toBe(true);
  nobody.close();
  expect(hadNoEffect(await failure(nobody.call('/s/m', framed('x'), 5_000)))).toBe(true);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

it('knows that a refused stream has not been looked at', async () => {
  answer = (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM);
  expect(hadNoEffect(await failure(call()))).toBe(true);
});

it.each([
  ['no gRPC', (stream: ServerHttp2Stream) => stream.respond({ ':status': 503 }, { endStream: true })],
  ['an empty answer', (stream: ServerHttp2Stream) => respond(stream, [], { 'grpc-status': '0' })],
  [
    'compressed messages',
    (stream: ServerHttp2Stream) => respond(stream, [Buffer.from([1, 0, 0, 0, 0])], { 'grpc-status': '0' }),
  ],
])('takes %s for an error', async (_, send) => {
  answer = send;
  expect((await failure(call())).message).toMatch(/^1[34] /);
});

it('streams until it is cancelled or broken', async () => {
  const seen: string[] = [];
  let ended: Error | undefined;
  let sent: ServerHttp2Stream | undefined;
  server.removeAllListeners('stream');
  server.on('stream', (stream) => {
    sent = stream;
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    stream.write(framed('one'));
    stream.write(framed('two'));
  });
  const listen = (): Promise<{ cancel(): void }> =>
    channel.stream(
      '/s/m',
      framed('watch'),
      {},
      {
        onMessage: (message) => seen.push(message.toString()),
        onEnd: (error) => {
          ended = error;
        },
      },
    );
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const first = await listen();
  await until(() => seen.length === 2);
  first.cancel();
  await until(() => sent?.closed === true);
  expect(ended).toBeUndefined();
  await listen();
  await until(() => seen.length === 4);
  sessions[0]?.destroy();
  await until(() => ended !== undefined);
  expect(isTransient(ended)).toBe(true);
});
