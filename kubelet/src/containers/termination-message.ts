import { type FileHandle, open } from 'node:fs/promises';
import { terminationMessagePathAnnotation, terminationMessagePolicyAnnotation } from '../runtime/labels.js';
import type { RuntimeContainer } from '../runtime/pod-state.js';
import { parseLogLine } from '../server/log-line.js';

/** Upstream's limits: a message file, and what is taken of the log instead. */
const maxMessageBytes = 4096;
const maxLogLines = 80;
const maxLogBytes = 2048;

/** What a finished container left to say: the end of its message file, or the end of its log when it failed and asked for that. */
export async function readTerminationMessage(container: RuntimeContainer, logPath: string): Promise<string> {
  const path = container.annotations[terminationMessagePathAnnotation];
  const mount = container.mounts.find((item) => item.containerPath === path);
  const written = mount ? await readEnd(mount.hostPath, maxMessageBytes) : '';
  if (written !== '') return written;
  const fallback = container.annotations[terminationMessagePolicyAnnotation] === 'FallbackToLogsOnError';
  if (!fallback || container.exitCode === 0) return '';
  return tailOfLog(await readEnd(logPath, 4 * maxLogBytes));
}

/** The last lines of a log in CRI's format, without its time stamps. */
export function tailOfLog(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const contents = lines.map((line) => {
    const parsed = parseLogLine(Buffer.from(line));
    if (!parsed) return '';
    return parsed.partial ? parsed.content.toString('utf8') : `${parsed.content.toString('utf8')}\n`;
  });
  const tail = contents.slice(-maxLogLines).join('');
  return Buffer.byteLength(tail) > maxLogBytes ? Buffer.from(tail).subarray(-maxLogBytes).toString('utf8') : tail;
}

/** At most `length` bytes; of a file that is not there, nothing. */
async function readEnd(path: string, length: number): Promise<string> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, Math.max(0, size - length));
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
