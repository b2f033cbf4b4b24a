import type { Readable } from 'node:stream';

/**
 * The JSON documents of a stream, one per line. Rejects when the stream breaks or is destroyed; node:readline would neither end nor fail then.
 */
export async function* jsonLines<T>(stream: Readable): AsyncGenerator<T> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}
