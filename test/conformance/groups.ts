/** Tests that run in one call of the binary. */
export interface Group {
  /** Such as `apps-2`: names files. */
  readonly id: string;
  readonly sig: string;
  readonly names: readonly string[];
}

/** The special interest group that owns a test, as its name says. */
export function sigOf(name: string): string {
  return /\[sig-([a-z-]+)\]/.exec(name)?.[1] ?? 'none';
}

/**
 * Cuts the tests into groups of one owner each and at most `size` tests: a run that is interrupted keeps the results of the groups that
 * are done, and a command line has room for the names.
 */
export function groupTests(names: readonly string[], size: number): Group[] {
  const bySig = new Map<string, string[]>();
  for (const name of [...new Set(names)].sort()) bySig.set(sigOf(name), [...(bySig.get(sigOf(name)) ?? []), name]);
  return [...bySig].sort(([a], [b]) => a.localeCompare(b)).flatMap(([sig, all]) => cut(sig, all, size));
}

function cut(sig: string, names: readonly string[], size: number): Group[] {
  const count = Math.ceil(names.length / size);
  return Array.from({ length: count }, (_, index) => ({
    id: `${sig}-${index + 1}`,
    sig,
    names: names.slice(index * size, (index + 1) * size),
  }));
}

/** A Go regular expression that matches exactly the tests of these names: the suite puts its own name before them. */
export function focusOn(names: readonly string[]): string {
  return `(?:${names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})$`;
}
