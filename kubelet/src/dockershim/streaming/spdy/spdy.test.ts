import { Duplex } from 'node:stream';
import { constants, createDeflate, type Deflate } from 'node:zlib';
import { systemClock } from '@kubelab/component/clock';
import { SpdyConnection } from './connection.js';
import { dictionary } from './dictionary.js';
import {
  type Frame,
  FrameReader,
  frameType,
  ProtocolError,
  parseHeaders,
  streamIdAt,
  synStreamFrame,
} from './frames.js';
import { HeaderInflater } from './inflater.js';
import type { SpdyStream } from './stream.js';

test('the dictionary is the one of SPDY/3', () => {
  let [a, b] = [1, 0];
  for (const byte of dictionary) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  expect(b * 65536 + a).toBe(0xe3c6a7c2);
});

/** Two ends of a wire. */
function wire(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, callback) => {
        other().push(chunk);
        callback();
      },
      final: (callback) => {
        other().push(null);
        callback();
      },
    });
  const ends: Duplex[] = [];
  ends.push(
    make(() => ends[1] as Duplex),
    make(() => ends[0] as Duplex),
  );
  return [ends[0] as Duplex, ends[1] as Duplex];
}

/** The client's side, as plain as it gets. */
class Client {
  private readonly deflate: Deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  private readonly reader = new FrameReader();
  readonly frames: Frame[] = [];

  constructor(readonly socket: Duplex) {
    socket.on('data', (chunk: Buffer) => this.frames.push(...this.reader.push(chunk)));
  }

  async open(id: number, headers: Record<string, string>, flags = 0): Promise<void> {
    const parts = [word(Object.keys(headers).length)];
    for (const text of Object.entries(headers).flat()) parts.push(word(text.length), Buffer.from(text));
    this.control(
      1,
      Buffer.concat([word(id), word(0), Buffer.alloc(2), await this.compress(Buffer.concat(parts))]),
      flags,
    );
  }

  control(type: number, payload: Buffer, flags = 0): void {
    this.socket.write(
      Buffer.concat([word((0x80030000 | type) >>> 0), word(((flags << 24) | payload.length) >>> 0), payload]),
    );
  }

  data(id: number, text: string, flags = 0): void {
    this.socket.write(Buffer.concat([word(id), word(((flags << 24) | text.length) >>> 0), Buffer.from(text)]));
  }

  received(id: number): string {
    return this.frames
      .map((frame) => (frame.kind === 'data' && frame.streamId === id ? frame.payload.toString() : ''))
      .join('');
  }

  private async compress(block: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve) => this.deflate.write(block, () => setImmediate(resolve)));
    return this.deflate.read() as Buffer;
  }
}

function word(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

const until = async (reached: () => boolean): Promise<void> => {
  while (!reached()) await new Promise((resolve) => setImmediate(resolve));
};

function connect(accept: (stream: SpdyStream) => boolean = () => true) {
  const [near, far] = wire();
  const streams: SpdyStream[] = [];
  const connection = new SpdyConnection(near, (stream) => {
    streams.push(stream);
    return accept(stream);
  });
  const running = connection.run();
  return { client: new Client(far), connection, streams, running };
}

const types = (client: Client): string[] =>
  client.frames.map((frame) =>
    frame.kind === 'control' ? `control ${frame.type}` : `data ${frame.streamId}${frame.fin ? ' fin' : ''}`,
  );

test('streams are opened with headers, answered, and carry data and their ends both ways', async () => {
  const { client, streams } = connect();
  await client.open(1, { streamtype: 'stdin' });
  await client.open(3, { streamtype: 'stdout' }, 1);
  await until(() => streams.length === 2);
  expect(streams.map(({ headers }) => headers.get('streamtype'))).toEqual(['stdin', 'stdout']);
  const read: Buffer[] = [];
  streams[0]?.on('data', (chunk: Buffer) => read.push(chunk));
  const ended = new Promise((resolve) => streams[0]?.on('end', resolve));
  client.data(1, 'hello ');
  client.data(1, 'world', 1);
  await ended;
  streams[1]?.end('output');
  await until(() => client.frames.length === 4);
  expect(Buffer.concat(read).toString()).toBe('hello world');
  expect(client.received(3)).toBe('output');
  expect(types(client)).toEqual(['control 2', 'control 2', 'data 3', 'data 3 fin']);
});

test('a ping is answered, a refused stream is reset', async () => {
  const { client } = connect(() => false);
  client.control(6, word(17));
  await client.open(1, { streamtype: 'nonsense' });
  await until(() => client.frames.length === 3);
  expect(types(client)).toEqual(['control 6', 'control 2', 'control 3']);
});

test('a reader that is behind stops the connection, and lets it go on later', async () => {
  const { client, streams } = connect();
  await client.open(1, {});
  await client.open(3, {});
  await until(() => streams.length === 2);
  for (let block = 0; block < 5; block++) client.data(1, 'x'.repeat(100_000));
  client.data(3, 'behind', 1);
  await until(() => (streams[0]?.readableLength ?? 0) >= 256 * 1024);
  expect(streams[1]?.readableLength).toBe(0);
  let size = 0;
  streams[0]?.on('data', (chunk: Buffer) => {
    size += chunk.length;
  });
  await until(() => size === 500_000 && streams[1]?.readableLength === 6);
  expect([size, streams[1]?.readableLength]).toEqual([500_000, 6]);
});

test('a client that leaves takes its streams along', async () => {
  const { client, connection, streams, running } = connect();
  await client.open(1, {});
  await until(() => streams.length === 1);
  client.socket.end();
  await running;
  expect([connection.closed.aborted, streams[0]?.destroyed]).toEqual([true, true]);
  connection.close(systemClock);
});

test.each<[string, Buffer]>([
  ['another version', Buffer.concat([word(0x80020001), word(0)])],
  ['a huge control frame', Buffer.concat([word(0x80030004), word(100_000), Buffer.alloc(100_000)])],
  ['a header block that is none', Buffer.concat([word(0x80030001), word(20), Buffer.alloc(20, 0xff)])],
  ['a control frame that is too short', Buffer.concat([word(0x80030003), word(0)])],
])('%s ends the connection', async (_name, bytes) => {
  const { client, running, connection } = connect();
  client.socket.write(bytes);
  await running;
  expect(connection.closed.aborted).toBe(true);
});

test('frames may be cut anywhere', () => {
  const bytes = Buffer.concat([word(5), word(0x01000003), Buffer.from('abc'), word(7), word(0)]);
  const reader = new FrameReader();
  const frames = [...bytes].flatMap((byte) => [...reader.push(Buffer.from([byte]))]);
  expect(frames).toEqual([
    { kind: 'data', streamId: 5, fin: true, payload: Buffer.from('abc') },
    { kind: 'data', streamId: 7, fin: false, payload: Buffer.alloc(0) },
  ]);
  expect(() => [...new FrameReader().push(Buffer.concat([word(0x80020001), word(0)]))]).toThrow(ProtocolError);
});

test('streams that this side opens carry their headers, the first and the later ones of a connection', async () => {
  const inflater = new HeaderInflater();
  const reader = new FrameReader();
  for (const [id, streamtype] of [
    [1, 'error'],
    [3, 'stdout'],
  ] as const) {
    const [frame] = [...reader.push(synStreamFrame(id, { streamtype, port: 'ü' }, { first: id === 1 }))];
    if (frame?.kind !== 'control') throw new Error('not a control frame');
    expect([frame.type, streamIdAt(frame.payload, 0)]).toEqual([frameType.synStream, id]);
    const headers = parseHeaders(await inflater.decompress(frame.payload.subarray(10)));
    expect([...headers]).toEqual([
      ['streamtype', streamtype],
      ['port', 'ü'],
    ]);
  }
  inflater.close();
});

test('both sides are ours: what the client opens the server answers, with ends in both directions', async () => {
  const [near, far] = wire();
  const server = new SpdyConnection(far, (stream) => {
    stream.on('data', (data: Buffer) => stream.write(`${stream.headers.get('streamtype')}: ${data}`));
    stream.on('end', () => stream.end());
    return true;
  });
  const client = new SpdyConnection(near, () => false, 'client');
  const running = [server.run(), client.run()];
  const answers = await Promise.all(
    ['a', 'b'].map(async (streamtype) => {
      const stream = client.open({ streamtype });
      stream.end('hello');
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    }),
  );
  expect(answers).toEqual(['a: hello', 'b: hello']);
  near.destroy();
  far.destroy();
  await Promise.all(running);
});

test('what a server sends before it leaves is read to the end, however slowly', async () => {
  const [near, far] = wire();
  const server = new SpdyConnection(far, (stream) => {
    for (let part = 0; part < 30; part++) stream.write(Buffer.alloc(32_768, part));
    stream.end(() => far.end());
    return true;
  });
  const client = new SpdyConnection(near, () => false, 'client');
  const running = [server.run(), client.run()];
  const stream = client.open({ streamtype: 'stdout' });
  let received = 0;
  for await (const chunk of stream) {
    received += (chunk as Buffer).length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(received).toBe(30 * 32_768);
  near.destroy();
  far.destroy();
  await Promise.all(running);
});
