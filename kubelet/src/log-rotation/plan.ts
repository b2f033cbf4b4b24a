/** What to do with a container's log and the files it was rotated to. Pure. */

export interface RotationPolicy {
  /** Bytes after which a log is rotated. */
  maxSize: number;
  /** Files that a container's log may consist of, the current one included; at least 2. */
  maxFiles: number;
}

export interface RotationPlan {
  /** Left over from a compression that did not end, or too old. */
  remove: string[];
  compress: string[];
  /** New name of the current log. */
  renameTo: string;
}

export const compressedSuffix = '.gz';
export const temporarySuffix = '.tmp';

/** `rotated` are the names beside the log `name` that begin with `NAME.`; names carry the time of their rotation, so they sort by age. */
export function planRotation(
  name: string,
  rotated: readonly string[],
  options: { maxFiles: number; now: number },
): RotationPlan {
  const compressed = new Set(rotated.filter((file) => file.endsWith(compressedSuffix)));
  const remove = rotated.filter(
    (file) => file.endsWith(temporarySuffix) || compressed.has(`${file}${compressedSuffix}`),
  );
  const kept = rotated.filter((file) => !remove.includes(file)).sort();
  // Room for the current log and for the one it becomes.
  const surplus = Math.max(0, kept.length - Math.max(0, options.maxFiles - 2));
  remove.push(...kept.splice(0, surplus));
  return {
    remove,
    compress: kept.filter((file) => !file.endsWith(compressedSuffix)),
    renameTo: `${name}.${suffixOf(renameTime(name, rotated, options.now))}`,
  };
}

/** Later than all that were there: names have no more than seconds, and a clock can be set back. */
function renameTime(name: string, rotated: readonly string[], now: number): number {
  const times = rotated
    .map((file) => /^\.(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:\.|$)/.exec(file.slice(name.length)))
    .map((match) => match && Date.parse(`${match.slice(1, 4).join('-')}T${match.slice(4, 7).join(':')}Z`));
  return times.reduce<number>((latest, time) => Math.max(latest, time ? time + 1000 : 0), now);
}

/** Go's 20060102-150405. */
function suffixOf(now: number): string {
  const digits = new Date(now).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
}
