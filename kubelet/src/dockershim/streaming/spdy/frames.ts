/** SPDY/3.1 frames: reading them off a byte stream and writing the few that are needed. */

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
export const flagFin = 1;
export const resetStatus = { protocolError: 1, refusedStream: 3, cancel: 5, internalError: 6 } as const;

const headerBytes = 8;
const controlBit = 0x80000000;
const spdyVersion = 3;
const streamIdMask = 0x7fffffff;
/** Upstream clients send headers of some hundred bytes. */
const maxControlBytes = 64 * 1024;

export type Frame =
  | { kind: 'data'; streamId: number; fin: boolean; payload: Buffer }
  | { kind: 'control'; type: number; flags: number; payload: Buffer };

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Collects chunks until a frame is complete. */
export class FrameReader {
  private chunks: Buffer[] = [];
  private buffered = 0;
  private wanted = headerBytes;

  /** Every frame that `chunk` completes. Throws ProtocolError when the stream is not SPDY/3. */
  *push(chunk: Buffer): Generator<Frame> {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    while (this.buffered >= this.wanted) {
      const buffer = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks);
      const end = headerBytes + (buffer.readUInt32BE(4) & 0xffffff);
      this.chunks = [buffer];
      if (buffer.length < end) {
        this.wanted = end;
        return;
      }
      this.take(buffer, end);
      yield parseFrame(buffer.subarray(0, end));
    }
  }

  private take(buffer: Buffer, end: number): void {
    const rest = buffer.subarray(end);
    this.chunks = rest.length > 0 ? [rest] : [];
    this.buffered = rest.length;
    this.wanted = headerBytes;
  }
}

function parseFrame(frame: Buffer): Frame {
  const word = frame.readUInt32BE(0);
  const flags = frame[4] ?? 0;
  const payload = frame.subarray(headerBytes);
  if ((word & controlBit) === 0) return { kind: 'data', streamId: word, fin: (flags & flagFin) !== 0, payload };
  const version = (word >>> 16) & 0x7fff;
  if (version !== spdyVersion) throw new ProtocolError(`SPDY version ${version} instead of ${spdyVersion}`);
  if (payload.length > maxControlBytes) throw new ProtocolError(`a control frame of ${payload.length} bytes`);
  return { kind: 'control', type: word & 0xffff, flags, payload };
}

export function dataFrame(streamId: number, data: Buffer, options: { fin: boolean }): Buffer[] {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(data.length, 4);
  header[4] = options.fin ? flagFin : 0;
  return [header, data];
}

function controlFrame(type: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(headerBytes + payload.length);
  frame.writeUInt32BE((controlBit | (spdyVersion << 16) | type) >>> 0, 0);
  frame.writeUInt32BE(payload.length, 4);
  payload.copy(frame, headerBytes);
  return frame;
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32BE(value, index * 4);
  });
  return buffer;
}

/**
 * An empty header block as stored deflate blocks, so that no compressor is needed; the second, empty one makes the reader's inflater hand out the first.
 * The two bytes in front of the connection's first block are the zlib header.
 */
const zlibHeader = Buffer.from('7801', 'hex');
const emptyHeaders = Buffer.from('000400fbff00000000000000ffff', 'hex');

export function synReplyFrame(streamId: number, options: { first: boolean }): Buffer {
  const parts = options.first ? [words(streamId), zlibHeader, emptyHeaders] : [words(streamId), emptyHeaders];
  return controlFrame(frameType.synReply, Buffer.concat(parts));
}

/** Opens a stream; `first` of its connection and side. Headers must be short: one deflate block takes 65,535 bytes. */
export function synStreamFrame(
  streamId: number,
  headers: Readonly<Record<string, string>>,
  options: { first: boolean },
): Buffer {
  const entries = Object.entries(headers);
  const texts = entries.flat().flatMap((text) => [words(Buffer.byteLength(text)), Buffer.from(text)]);
  const block = Buffer.concat([words(entries.length), ...texts]);
  const stored = Buffer.alloc(5);
  stored.writeUInt16LE(block.length, 1);
  stored.writeUInt16LE(~block.length & 0xffff, 3);
  const priority = Buffer.alloc(2);
  const start = [words(streamId, 0), priority, ...(options.first ? [zlibHeader] : [])];
  return controlFrame(frameType.synStream, Buffer.concat([...start, stored, block, Buffer.from('000000ffff', 'hex')]));
}

export function rstStreamFrame(streamId: number, status: number): Buffer {
  return controlFrame(frameType.rstStream, words(streamId, status));
}

export function pingFrame(id: number): Buffer {
  return controlFrame(frameType.ping, words(id));
}

export function goAwayFrame(lastStreamId: number): Buffer {
  return controlFrame(frameType.goAway, words(lastStreamId, 0));
}

/** The number at `offset` of a control frame; the top bit is reserved. */
export function streamIdAt(payload: Buffer, offset: number): number {
  if (payload.length < offset + 4) throw new ProtocolError('a control frame is too short');
  return payload.readUInt32BE(offset) & streamIdMask;
}

/** Names come in lower case; several values of one name are joined by NUL. */
export function parseHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let offset = 0;
  const number = (): number => {
    if (offset + 4 > block.length) throw new ProtocolError('a header block is too short');
    offset += 4;
    return block.readUInt32BE(offset - 4);
  };
  const text = (): string => {
    const length = number();
    if (offset + length > block.length) throw new ProtocolError('a header block is too short');
    offset += length;
    return block.toString('utf8', offset - length, offset);
  };
  for (let count = number(); count > 0; count--) headers.set(text().toLowerCase(), text());
  return headers;
}
