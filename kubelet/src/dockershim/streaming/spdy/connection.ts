/** One SPDY/3.1 connection, as its server or, with open(), as its client. There is no flow control: a reader that is behind makes the connection stop reading. */
import type { Duplex } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import { farewellMs } from '../remote-streams.js';
import {
  dataFrame,
  type Frame,
  FrameReader,
  flagFin,
  frameType,
  goAwayFrame,
  ProtocolError,
  parseHeaders,
  pingFrame,
  resetStatus,
  rstStreamFrame,
  streamIdAt,
  synReplyFrame,
  synStreamFrame,
} from './frames.js';
import { HeaderInflater } from './inflater.js';
import { SpdyStream, type StreamCarrier } from './stream.js';

/** Answers a new stream: false refuses it. */
export type StreamHandler = (stream: SpdyStream) => boolean;

/** Bytes in front of the header block of SYN_STREAM: stream, associated stream, priority and slot. */
const synStreamPrefix = 10;
/** The server of a connection that this side opened has nothing to read any more. */
const clientLingerMs = 5000;

export class SpdyConnection implements StreamCarrier {
  private readonly streams = new Map<number, SpdyStream>();
  private readonly inflater = new HeaderInflater();
  private replied = false;
  private lastStreamId = 0;
  /** Of the streams that this side opens: the client's are odd. */
  private nextStreamId = 1;
  private readonly closing = new AbortController();

  constructor(
    private readonly socket: Duplex,
    private readonly onStream: StreamHandler,
    /** A client reads to the end what the server had sent when it left; a server whose client has left is done. */
    private readonly role: 'server' | 'client' = 'server',
  ) {
    // run() sees the end of a client's socket when it has come so far.
    const gone = (): void => (role === 'server' ? this.abort() : undefined);
    socket.on('error', gone);
    socket.on('close', gone);
  }

  /** Aborts when the client is gone. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  /** Reads until the client goes away or breaks the protocol; then all streams are destroyed. Never rejects. */
  async run(): Promise<void> {
    const reader = new FrameReader();
    try {
      for await (const chunk of this.socket) {
        for (const frame of reader.push(chunk as Buffer)) await this.handle(frame);
      }
    } catch (error) {
      // Either the socket broke or the client does not speak SPDY: there is nobody left to tell.
      this.socket.destroy(error instanceof ProtocolError ? undefined : (error as Error));
    } finally {
      this.abort();
    }
  }

  /** Opens a stream as the connection's client. It emits `accepted` when the server has replied. */
  open(headers: Readonly<Record<string, string>>): SpdyStream {
    const id = this.nextStreamId;
    const stream = new SpdyStream(id, new Map(Object.entries(headers)), this);
    stream.on('error', () => undefined);
    this.streams.set(id, stream);
    this.send(synStreamFrame(id, headers, { first: id === 1 }));
    this.nextStreamId += 2;
    if (this.closed.aborted) stream.abandon();
    return stream;
  }

  /** Says goodbye after everything that was written has gone out; a client that does not leave then is cut off. */
  close(clock: Clock): void {
    if (this.socket.destroyed) return;
    this.socket.end(goAwayFrame(this.lastStreamId));
    const linger = clock.setTimeout(() => this.socket.destroy(), this.role === 'server' ? farewellMs : clientLingerMs);
    this.closed.addEventListener('abort', () => linger.clear(), { once: true });
  }

  sendData(streamId: number, data: Buffer, options: { fin: boolean }, sent: (error?: Error | null) => void): void {
    if (this.socket.destroyed || this.socket.writableEnded) {
      sent(new Error('the connection is closed'));
      return;
    }
    const [header, payload] = dataFrame(streamId, data, options);
    if (payload && payload.length > 0) {
      this.socket.cork();
      this.socket.write(header);
      this.socket.write(payload, sent);
      this.socket.uncork();
    } else {
      this.socket.write(header, sent);
    }
  }

  sendReset(streamId: number): void {
    this.send(rstStreamFrame(streamId, resetStatus.cancel));
  }

  released(stream: SpdyStream): void {
    this.streams.delete(stream.id);
  }

  private send(frame: Buffer): void {
    if (!this.socket.destroyed && !this.socket.writableEnded) this.socket.write(frame);
  }

  private abort(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    for (const stream of [...this.streams.values()]) {
      if (this.role === 'client') stream.finish();
      else stream.abandon();
    }
    this.inflater.close();
  }

  private async handle(frame: Frame): Promise<void> {
    if (frame.kind === 'data') {
      const stream = this.streams.get(frame.streamId);
      await stream?.deliver(frame.payload);
      if (frame.fin) stream?.finish();
      return;
    }
    const { type, payload } = frame;
    if (type === frameType.synStream) await this.accept(payload, frame.flags);
    else if (type === frameType.headers || type === frameType.synReply) {
      await this.inflater.decompress(payload.subarray(4));
      if (type === frameType.synReply) this.streams.get(streamIdAt(payload, 0))?.emit('accepted');
    } else if (type === frameType.ping) this.send(pingFrame(payload.readUInt32BE(0)));
    else if (type === frameType.rstStream) this.streams.get(streamIdAt(payload, 0))?.abandon();
    // SETTINGS, WINDOW_UPDATE and GOAWAY ask for nothing: the client closes the connection itself.
  }

  private async accept(payload: Buffer, flags: number): Promise<void> {
    const id = streamIdAt(payload, 0);
    const headers = parseHeaders(await this.inflater.decompress(payload.subarray(synStreamPrefix)));
    if (this.streams.has(id)) throw new ProtocolError(`stream ${id} exists already`);
    this.lastStreamId = Math.max(this.lastStreamId, id);
    const stream = new SpdyStream(id, headers, this);
    // A reset stream concerns only those who use it; without a listener it would end the process.
    stream.on('error', () => undefined);
    this.streams.set(id, stream);
    this.send(synReplyFrame(id, { first: !this.replied }));
    this.replied = true;
    if ((flags & flagFin) !== 0) stream.finish();
    if (!this.onStream(stream)) stream.destroy();
  }
}
