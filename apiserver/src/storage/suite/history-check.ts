/** Compares what clients saw with what was written. */

import type { SeenChange, Stretch } from './reflector.js';

/** A write whose answer came: it is part of the history. */
export interface AcknowledgedWrite {
  key: string;
  revision: number;
  /** Undefined: deleted. */
  value: string | undefined;
}

/** All changes that anyone knows of, by revision. */
export type History = Map<number, SeenChange>;

/** Puts together the unfiltered views. Every problem found is one line. */
export function joinHistories(
  stretches: readonly Stretch[],
  writes: readonly AcknowledgedWrite[],
): { history: History; problems: string[] } {
  const history: History = new Map();
  const problems: string[] = [];
  for (const change of stretches.flatMap(({ changes }) => changes)) {
    const known = history.get(change.revision);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(change)) {
      problems.push(`two views of revision ${change.revision}: ${JSON.stringify(known)} and ${JSON.stringify(change)}`);
    }
    history.set(change.revision, change);
  }
  for (const { key, revision, value } of writes) {
    const seen = history.get(revision);
    if (seen === undefined) continue;
    const expected = value === undefined ? seen.type === 'DELETED' : seen.type !== 'DELETED' && seen.value === value;
    if (seen.key !== key || !expected)
      problems.push(`${key} was written at ${revision}, seen as ${JSON.stringify(seen)}`);
  }
  return { history, problems };
}

/** A view has every change of the history between its ends once, in order, and every acknowledged write among them. */
export function checkCompleteness(stretch: Stretch, history: History, writes: readonly AcknowledgedWrite[]): string[] {
  const revisions = stretch.changes.map(({ revision }) => revision);
  const unordered = revisions.filter((revision, index) => index > 0 && revision <= (revisions[index - 1] ?? 0));
  const seen = new Set(revisions);
  const isInside = (revision: number): boolean => revision > stretch.from && revision <= stretch.to;
  const missed = [...history.keys(), ...writes.map(({ revision }) => revision)].filter(
    (revision) => isInside(revision) && !seen.has(revision),
  );
  return [
    ...unordered.map((revision) => `revision ${revision} came twice or late`),
    ...missed.map((revision) => `revision ${revision} was missed between ${stretch.from} and ${stretch.to}`),
    ...revisions
      .filter((revision) => !isInside(revision))
      .map((revision) => `revision ${revision} is outside ${stretch.from}..${stretch.to}`),
  ];
}

/** What a watcher that sees only matching objects should have seen, from the whole history. */
export function expectedView(
  stretch: Stretch,
  history: History,
  matches: (key: string, value: unknown) => boolean,
): SeenChange[] {
  const visible = new Map(stretch.start);
  const expected: SeenChange[] = [];
  const inside = [...history.values()].filter(({ revision }) => revision > stretch.from && revision <= stretch.to);
  for (const { type, key, revision, value } of inside.sort((a, b) => a.revision - b.revision)) {
    const was = visible.has(key);
    if (type !== 'DELETED' && matches(key, value)) {
      expected.push({ type: was ? 'MODIFIED' : 'ADDED', key, revision, value });
      visible.set(key, value);
    } else if (was) {
      expected.push({ type: 'DELETED', key, revision, value: visible.get(key) });
      visible.delete(key);
    }
  }
  return expected;
}

/** The state after a view's changes. */
export function replay(stretch: Stretch): Map<string, unknown> {
  const state = new Map(stretch.start);
  for (const { type, key, value } of stretch.changes) {
    if (type === 'DELETED') state.delete(key);
    else state.set(key, value);
  }
  return state;
}
