/** The engine's log stream (with timestamps) as entries, and entries as lines of the CRI log format. */
import { Demultiplexer, type OutputStream } from './multiplex.js';

/** One message of a container: a line, or a piece of one that was too long for the engine. */
export interface LogEntry {
  /** RFC 3339 in UTC with nine digits: always 30 characters. */
  time: string;
  stream: OutputStream;
  /** Without the line break. */
  text: Buffer;
  /** The line goes on in the stream's next entry. */
  partial: boolean;
}

export interface LogDecoder {
  push(chunk: Buffer): LogEntry[];
  /** What is left when the stream ends. */
  flush(): LogEntry[];
}

const timeLength = 30;
const headerLength = timeLength + 1;
const newline = 0x0a;
/** The engine cuts longer lines into pieces of this size. */
const pieceBytes = 16 * 1024;

export function createLogDecoder(options: { tty: boolean }): LogDecoder {
  return options.tty ? new TerminalDecoder() : new FrameDecoder();
}

/** Without a terminal every message is a frame. */
class FrameDecoder implements LogDecoder {
  private readonly frames = new Demultiplexer();

  push(chunk: Buffer): LogEntry[] {
    return this.frames.push(chunk).map(({ stream, data }) => toEntry(stream, data));
  }

  flush(): LogEntry[] {
    return [];
  }
}

function toEntry(stream: OutputStream, message: Buffer): LogEntry {
  const whole = message.at(-1) === newline;
  return {
    time: message.toString('latin1', 0, timeLength),
    stream,
    text: message.subarray(headerLength, whole ? -1 : undefined),
    partial: !whole,
  };
}

/** With a terminal messages follow one another without frames: one ends with its line break or after a full piece. */
class TerminalDecoder implements LogDecoder {
  private rest = Buffer.alloc(0);

  push(chunk: Buffer): LogEntry[] {
    const entries: LogEntry[] = [];
    let buffer = Buffer.concat([this.rest, chunk]);
    for (let end = messageEnd(buffer); end > 0; end = messageEnd(buffer)) {
      entries.push(toEntry('stdout', buffer.subarray(0, end)));
      buffer = buffer.subarray(end);
    }
    this.rest = buffer;
    return entries;
  }

  flush(): LogEntry[] {
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    return rest.length >= headerLength ? [{ ...toEntry('stdout', rest), partial: false }] : [];
  }
}

/** Where the first message of the buffer ends, 0 while it is incomplete. */
function messageEnd(buffer: Buffer): number {
  const lineBreak = buffer.indexOf(newline, headerLength);
  const pieceEnd = headerLength + pieceBytes;
  if (lineBreak >= 0 && lineBreak < pieceEnd) return lineBreak + 1;
  return buffer.length >= pieceEnd ? pieceEnd : 0;
}

const lineEnd = Buffer.from('\n');

/** `2024-01-01T00:00:00.000000000Z stdout F text` with its line break; P marks a line that goes on. */
export function formatEntries(entries: readonly LogEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { time, stream, text, partial } of entries) {
    parts.push(Buffer.from(`${time} ${stream} ${partial ? 'P' : 'F'} `, 'latin1'), text, lineEnd);
  }
  return Buffer.concat(parts);
}
