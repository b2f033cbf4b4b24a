/** One stream of a SPDY connection: what the client sends is read from it, what is written goes to the client; both ends close on their own. */
import { Duplex } from 'node:stream';

export interface StreamCarrier {
  sendData(streamId: number, data: Buffer, options: { fin: boolean }, sent: (error?: Error | null) => void): void;
  sendReset(streamId: number): void;
  released(stream: SpdyStream): void;
}

/** The client may be this far ahead of a stream's reader before the whole connection has to wait. */
const readAheadBytes = 256 * 1024;

export class SpdyStream extends Duplex {
  private onDrained: (() => void) | undefined;
  /** The client will send no more. */
  private received = false;

  constructor(
    readonly id: number,
    readonly headers: ReadonlyMap<string, string>,
    private readonly carrier: StreamCarrier,
  ) {
    super({ readableHighWaterMark: readAheadBytes, allowHalfOpen: true });
  }

  /** Resolves when the reader has room for more. */
  async deliver(data: Buffer): Promise<void> {
    if (this.received || this.destroyed || data.length === 0) return;
    if (this.push(data)) return;
    await new Promise<void>((resolve) => {
      this.onDrained = resolve;
    });
  }

  /** The client has sent all of it. */
  finish(): void {
    if (this.received || this.destroyed) return;
    this.received = true;
    this.push(null);
  }

  /** The client gave the stream up. */
  abandon(): void {
    this.received = true;
    this.destroy();
  }

  override _read(): void {
    this.wake();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.carrier.sendData(this.id, data, { fin: false }, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.carrier.sendData(this.id, Buffer.alloc(0), { fin: true }, callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.writableFinished || !this.received) this.carrier.sendReset(this.id);
    this.wake();
    this.carrier.released(this);
    callback(error);
  }

  private wake(): void {
    const drained = this.onDrained;
    this.onDrained = undefined;
    drained?.();
  }
}
