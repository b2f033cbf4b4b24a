import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Compares text with a file that is kept in the repository. With UPDATE_GOLDEN=1 the file is written instead.
 * Returns what `expect(...).toBe(...)` should be given: `{ actual, expected }`.
 */
export function golden(path: string, actual: string): { actual: string; expected: string } {
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  const expected = existsSync(path) ? readFileSync(path, 'utf8') : '(no such golden file; run with UPDATE_GOLDEN=1)';
  return { actual, expected };
}
