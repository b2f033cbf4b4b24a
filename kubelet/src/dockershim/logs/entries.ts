/** The engine's log (json-file: one JSON document per line) as entries, and entries as lines of the CRI log format. */
import type { OutputStream } from './multiplex.js';

/** One message of a container: a line, or a piece of one that was too long for the engine. */
export interface LogEntry {
  /** RFC 3339 in UTC with nine digits: always 30 characters. */
  time: string;
  stream: OutputStream;
  /** Without the line break. */
  text: string;
  /** The line goes on in the stream's next entry. */
  partial: boolean;
}

interface EngineRecord {
  log: string;
  stream: OutputStream;
  time: string;
}

const newline = 0x0a;

/** Takes the file's bytes in chunks of any size. */
export class EngineLogDecoder {
  private rest = Buffer.alloc(0);

  /** Bytes of the last line, whose end has not come yet. */
  get pendingBytes(): number {
    return this.rest.length;
  }

  push(chunk: Buffer): LogEntry[] {
    const buffer = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const end = buffer.lastIndexOf(newline) + 1;
    this.rest = Buffer.from(buffer.subarray(end));
    return end === 0
      ? []
      : buffer
          .toString('utf8', 0, end - 1)
          .split('\n')
          .flatMap(parseRecord);
  }
}

/** Nothing for a line that an engine's crash left torn, or whose beginning was freed. */
function parseRecord(line: string): LogEntry[] {
  let record: Partial<EngineRecord>;
  try {
    record = JSON.parse(line) as Partial<EngineRecord>;
  } catch {
    return [];
  }
  const { log, stream, time } = record;
  if (log === undefined || time === undefined) return [];
  const partial = !log.endsWith('\n');
  return [{ time: fullTime(time), stream: stream ?? 'stdout', text: partial ? log : log.slice(0, -1), partial }];
}

/** The engine leaves out trailing zeros. */
function fullTime(time: string): string {
  const [seconds = '', fraction = ''] = time.slice(0, -1).split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

/** `2024-01-01T00:00:00.000000000Z stdout F text` with its line break; P marks a line that goes on. */
export function formatEntries(entries: readonly LogEntry[]): Buffer {
  let text = '';
  for (const entry of entries) text += `${entry.time} ${entry.stream} ${entry.partial ? 'P' : 'F'} ${entry.text}\n`;
  return Buffer.from(text, 'utf8');
}
