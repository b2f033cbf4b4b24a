import { FakeClock } from '@kubelab/testkit/fake-clock';
import { CliError, UsageError } from '../errors.js';
import { waitTimeoutMs } from './wait-timeout.js';
import { type Probe, waitUntil } from './wait-until.js';

async function wait(probes: (Probe | Promise<Probe>)[], reports: string[] = []): Promise<unknown> {
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
  for (let turn = 0; turn < 40; turn++) await clock.advance(100);
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

  it('does not wait for ever for a look', async () => {
    const never = new Promise<Probe>(() => undefined);
    const error = (await wait([{ done: false, state: 'dark' }, never])) as CliError;
    expect(error.message).toBe('Waited 1 s for the moon; the last state was: there is no answer.');
  });
});

describe('waitTimeoutMs', () => {
  it('is three minutes, or what the environment says', () => {
    expect(waitTimeoutMs({})).toBe(180_000);
    expect(waitTimeoutMs({ KUBELAB_TIMEOUT: '5' })).toBe(5_000);
  });

  it.each(['', '0', 'soon', '-1', '1.5'])('refuses "%s"', (text) => {
    expect(() => waitTimeoutMs({ KUBELAB_TIMEOUT: text })).toThrow(UsageError);
  });
});
