import { Readable } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import { negotiate, offersOf } from './negotiate.js';
import { parsePort } from './port-forwarder.js';
import { errorTextOf, statusOf, terminalSizes } from './remote-streams.js';
import { Tokens } from './tokens.js';

test('a token works once and not for ever', () => {
  const timers: (() => void)[] = [];
  const clock = {
    setTimeout: (callback: () => void) => ({ clear: () => undefined, at: timers.push(callback) }),
  } as unknown as Clock;
  const tokens = new Tokens<string>(clock);
  const [first, second] = [tokens.issue('a'), tokens.issue('b')];
  expect([tokens.redeem(first), tokens.redeem(first), tokens.redeem('other')]).toEqual(['a', undefined, undefined]);
  timers[1]?.();
  expect(tokens.redeem(second)).toBeUndefined();
});

test('too many waiting requests are refused', () => {
  const clock = { setTimeout: () => ({ clear: () => undefined }) } as unknown as Clock;
  const tokens = new Tokens<number>(clock);
  for (let count = 0; count < 1000; count++) tokens.issue(count);
  expect(() => tokens.issue(1000)).toThrow(/maximum number of in-flight requests exceeded/);
  tokens.clear();
  tokens.issue(1001);
});

test('the client’s first choice wins', () => {
  expect(negotiate(offersOf('v9, v4 ,v3'), ['v3', 'v4'])).toBe('v4');
  expect(negotiate(offersOf(['a', 'b']), ['c'])).toBeUndefined();
  expect(offersOf(undefined)).toEqual([]);
});

test('terminal sizes may be cut anywhere, nonsense is skipped', async () => {
  const sizes = [];
  const chunks = ['{"Width":80,"Hei', 'ght":24}\n{"Width":"x"}{"Width":100,', '"Height":50}'];
  for await (const size of terminalSizes(Readable.from(chunks))) sizes.push(size);
  expect(sizes).toEqual([
    { width: 80, height: 24 },
    { width: 100, height: 50 },
  ]);
});

test('outcomes as Status and as text', () => {
  expect(statusOf({ kind: 'exited', code: 0 })).toEqual({ metadata: {}, status: 'Success' });
  expect(statusOf({ kind: 'exited', code: 3 })).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
  expect(statusOf({ kind: 'failed', message: 'no' })).toMatchObject({
    code: 500,
    message: 'Internal error occurred: no',
  });
  expect([errorTextOf({ kind: 'exited', code: 0 }), errorTextOf({ kind: 'failed', message: 'no' })]).toEqual([
    '',
    'no',
  ]);
});

test('ports', () => {
  expect(parsePort('65535')).toBe(65535);
  for (const text of ['0', '65536', '-1', 'x', '', undefined])
    expect(() => parsePort(text)).toThrow(/not a valid port/);
});
