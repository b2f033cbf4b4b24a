/** Channels on one WebSocket: the first byte of a message names the channel, in the base64 variants the first digit. */
import { PassThrough, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { AcceptedWebSocket } from './accept.js';

export interface Channels {
  /** What the client sends on a channel; to be asked for before the first message can arrive. */
  reader(channel: number): PassThrough;
  writer(channel: number): Writable;
  /** Aborts when the client is gone. */
  closed: AbortSignal;
  /**
   * Closes normally, after everything written has gone out, and sends nothing more; the connection stays until the client has read it. The end of the
   * stream follows at once because there are clients (Python's) that look for a closing message only when something arrives.
   */
  close(): void;
}

export interface ChannelsOptions {
  base64: boolean;
  /** The client may end a channel by naming it on channel 255. */
  closeChannel: boolean;
}

const closeChannelNumber = 255;
const zero = 0x30;

export function openChannels(
  { websocket, socket }: Pick<AcceptedWebSocket, 'websocket' | 'socket'>,
  options: ChannelsOptions,
): Channels {
  const readers = new Map<number, PassThrough>();
  const closing = new AbortController();
  websocket.on('message', (raw) => {
    const { channel, data } = decode(raw, options);
    if (channel === closeChannelNumber && options.closeChannel) {
      readers.get(data[0] ?? -1)?.end();
      return;
    }
    const reader = readers.get(channel);
    if (!reader || reader.writableEnded || reader.destroyed || data.length === 0) return;
    if (reader.write(data)) return;
    websocket.pause();
    reader.once('drain', () => websocket.resume());
    reader.once('close', () => websocket.resume());
  });
  // An error is always followed by close.
  websocket.on('error', () => undefined);
  websocket.on('close', () => {
    closing.abort();
    for (const reader of readers.values()) reader.end();
  });
  return {
    reader: (channel) => {
      const reader = new PassThrough();
      readers.set(channel, reader);
      return reader;
    },
    writer: (channel) => channelWriter(websocket, channel, options),
    closed: closing.signal,
    close: () => {
      websocket.close(1000);
      socket.end();
    },
  };
}

function decode(raw: RawData, options: ChannelsOptions): { channel: number; data: Buffer } {
  const message = Buffer.isBuffer(raw) ? raw : Buffer.concat(Array.isArray(raw) ? raw : [Buffer.from(raw)]);
  if (!options.base64) return { channel: message[0] ?? -1, data: message.subarray(1) };
  return { channel: (message[0] ?? 0) - zero, data: Buffer.from(message.toString('latin1', 1), 'base64') };
}

/** A write is done when the message has left for the socket. */
function channelWriter(websocket: WebSocket, channel: number, options: ChannelsOptions): Writable {
  return new Writable({
    write: (data: Buffer, _encoding, callback) => {
      if (websocket.readyState !== websocket.OPEN) {
        // The client has gone; what is left is for nobody.
        callback();
        return;
      }
      const message = options.base64
        ? String.fromCharCode(zero + channel) + data.toString('base64')
        : Buffer.concat([Buffer.from([channel]), data]);
      websocket.send(message, () => callback());
    },
  });
}
