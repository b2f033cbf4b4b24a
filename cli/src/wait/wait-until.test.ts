import { FakeClock } from '@kubelab/testkit/fake-clock';
import { CliError } from '../errors.js';
import { type Probe, waitUntil } from './wait-until.js';

async function wait(probes: Probe[], reports: string[] = []): Promise<unknown> {
  const clock = new FakeClock();
  let next = 0;
  const waiting = waitUntil({
    what: 'the moon',
    probe: async () => probes[Math.min(next++, probes.length - 1)]!,
    timeoutMs: 1000,
    intervalMs: 100,
    clock,
    report: (state) => reports.push(state),
    onTimeout: async () => ['its last words'],
    hint: 'Look up.',
  }).catch((error: unknown) => error);
  for (let turn = 0; turn < 20; turn++) await clock.advance(100);
  return waiting;
}

describe('waitUntil', () => {
  it('says what it waits for and the last value, once per value', async () => {
    const reports: string[] = [];
    const dark: Probe = { done: false, state: 'dark' };
    expect(await wait([dark, dark, { done: false, state: 'dim' }, { done: true }], reports)).toBeUndefined();
    expect(reports).toEqual(['waiting for the moon: dark', 'waiting for the moon: dim']);
  });

  it('on time-out has the last value, the last log lines and what to do', async () => {
    const error = (await wait([{ done: false, state: 'dark' }])) as CliError;
    expect(error).toBeInstanceOf(CliError);
    expect(error.message).toBe('Waited 1 s for the moon; the last state was: dark.');
    expect(error.details).toEqual(['its last words']);
    expect(error.hint).toBe('Look up.');
  });
});
