/** When a CronJob's schedule fires: pure. */

import { parseDuration } from '@kubelab/apimachinery/duration';
import { Cron } from 'croner';

/** The schedule or its time zone cannot be read. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

export interface Schedule {
  /** The first time after `afterMs` (both in milliseconds since the epoch); undefined: never again. */
  next(afterMs: number): number | undefined;
}

const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Throws ScheduleError. Without a time zone, UTC: what upstream's control plane runs in. */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  checkTimeZone(timeZone);
  const every = /^@every\s+(.+)$/.exec(text.trim())?.[1];
  if (every !== undefined) return parseEvery(every);
  const fields = (words[text.trim()] ?? text)
    .trim()
    .split(/\s+/)
    .map((field) => field.replaceAll('?', '*'));
  if (fields.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  // Days of month and of week are alternatives, unless one begins with a star.
  const domAndDow = Boolean(fields[2]?.startsWith('*') || fields[4]?.startsWith('*'));
  try {
    const cron = new Cron(fields.join(' '), { timezone: timeZone, paused: true, domAndDow });
    return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
  } catch (error) {
    throw new ScheduleError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
  } catch (error) {
    throw new ScheduleError(`unknown time zone ${timeZone}`, { cause: error });
  }
}

/** Whole seconds, at least one, counted from the second that is asked about. */
function parseEvery(text: string): Schedule {
  try {
    const ms = Math.max(1000, Math.floor(parseDuration(text) / 1000) * 1000);
    return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + ms };
  } catch (error) {
    throw new ScheduleError(`failed to parse duration @every ${text}`, { cause: error });
  }
}

export interface Due {
  /** The last time that has passed and was not served; undefined: nothing is due. */
  at?: number;
  /** More than a hundred times were missed: clocks differ, or the controller was away for long. */
  tooManyMissed: boolean;
}

const manyMissed = 100;

/** `sinceMs`: the last time that was served, or the creation. */
export function findDue(schedule: Schedule, sinceMs: number, nowMs: number): Due {
  let next = schedule.next(sinceMs);
  if (next === undefined || next > nowMs) return { tooManyMissed: false };
  let at = next;
  let missed = 1;
  next = schedule.next(at);
  // Years of a schedule that fires every minute are skipped in steps; the last one is found exactly.
  const stepMs = next === undefined ? 0 : next - at;
  if (stepMs > 0 && next !== undefined && (nowMs - at) / stepMs > manyMissed) {
    missed = Math.floor((nowMs - at) / stepMs);
    next = schedule.next(nowMs - 2 * stepMs) ?? next;
  }
  for (; next !== undefined && next <= nowMs; next = schedule.next(next)) {
    at = next;
    missed++;
  }
  return { at, tooManyMissed: missed > manyMissed };
}
