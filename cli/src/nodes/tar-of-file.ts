import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

/** A tar archive of one small text file, as the engine takes files for a container. */
export function tarOfFile(name: string, content: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name, mode: 0o644 }, content);
  archive.finalize();
  return buffer(archive);
}
