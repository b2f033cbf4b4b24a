/** One line of a log file in CRI's format: `2026-01-02T03:04:05.678901234Z stdout F text`. */
export interface LogLine {
  timestamp: string;
  stream: 'stdout' | 'stderr';
  /** The line goes on in the next record. */
  partial: boolean;
  content: Buffer;
}

const space = 0x20;

/** Undefined for what is not in CRI's format. `line` is without its line feed. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = afterTime < 0 ? -1 : line.indexOf(space, afterTime + 1);
  const afterTags = afterStream < 0 ? -1 : line.indexOf(space, afterStream + 1);
  if (afterStream < 0) return undefined;
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const tags = line.toString('latin1', afterStream + 1, afterTags < 0 ? line.length : afterTags);
  return {
    timestamp: line.toString('latin1', 0, afterTime),
    stream,
    partial: tags.split(':')[0] === 'P',
    content: afterTags < 0 ? Buffer.alloc(0) : line.subarray(afterTags + 1),
  };
}
