import { readFileSync } from 'node:fs';
import { ConfigError } from './service.js';

/** Reads a file that a flag names; a missing or unreadable one is a ConfigError that says which flag it was. */
export function readConfigFile(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? String(error)})`;
    throw new ConfigError([`--${flag}: file ${path} ${why}`]);
  }
}
