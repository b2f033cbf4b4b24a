import type { PodStatus } from '@kubelab/api/types';
import { parseLogLine } from './log-line.js';
import { containerForLogs, parseLogRequest } from './log-request.js';
import { routeOf } from './routes.js';

const now = Date.parse('2026-01-01T00:01:00Z');
const parse = (query: string) => parseLogRequest(new URLSearchParams(query), now);

test('a log request', () => {
  expect(parse('follow=true&tailLines=5&sinceSeconds=60&limitBytes=9&timestamps=1&stream=Stderr')).toEqual({
    previous: false,
    follow: true,
    read: { tailLines: 5, since: now - 60_000, limitBytes: 9, timestamps: true, stream: 'stderr' },
  });
});

test.each([
  ['tailLines=-1', 422],
  ['tailLines=x', 400],
  ['limitBytes=0', 422],
  ['sinceSeconds=0', 422],
  ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422],
  ['sinceTime=yesterday', 400],
  ['stream=stdout', 422],
])('%s is refused', (query, code) => {
  expect(() => parse(query)).toThrow(expect.objectContaining({ code }));
});

const status = (state: object, more: object = {}): PodStatus =>
  ({ containerStatuses: [{ name: 'app', state, ...more }] }) as unknown as PodStatus;

test.each<[string, PodStatus, boolean, string | RegExp]>([
  ['running', status({ running: {} }, { containerID: 'x://1' }), false, 'x://1'],
  ['ended', status({ terminated: { containerID: 'x://2' } }), false, 'x://2'],
  [
    'waiting after a run',
    status({ waiting: {} }, { lastState: { terminated: { containerID: 'x://3' } } }),
    false,
    'x://3',
  ],
  ['the run before', status({ running: {} }, { lastState: { terminated: { containerID: 'x://3' } } }), true, 'x://3'],
  ['no run before', status({ running: {} }), true, /previous terminated container "app" in pod "web" not found/],
  ['no image', status({ waiting: { reason: 'ErrImagePull' } }), false, /waiting to start: image can't be pulled/],
  ['not known', {}, false, /container "app" in pod "web" is not available/],
])('the log of a container: %s', (_name, given, previous, expected) => {
  if (typeof expected === 'string') expect(containerForLogs(given, 'web', 'app', previous)).toBe(expected);
  else expect(() => containerForLogs(given, 'web', 'app', previous)).toThrow(expected);
});

test.each([
  ['/pods/', { name: 'pods' }],
  ['/containerLogs/ns/web/app', { name: 'containerLogs', namespace: 'ns', pod: 'web', container: 'app' }],
  ['/exec/ns/web/uid/app', { name: 'exec', namespace: 'ns', pod: 'web', uid: 'uid', container: 'app' }],
  ['/portForward/ns/web', { name: 'portForward', namespace: 'ns', pod: 'web' }],
  ['/containerLogs/ns/web', undefined],
  ['/containerLogs/ns//app', undefined],
  ['/exec/ns/web/uid/app/more', undefined],
  ['/exec/%zz/web/app', undefined],
  ['/', undefined],
])('%s', (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

test.each([
  [
    '2026-01-01T00:00:00.1Z stdout F hello world',
    { stream: 'stdout', partial: false, content: Buffer.from('hello world') },
  ],
  ['t stderr P part', { stream: 'stderr', partial: true, content: Buffer.from('part') }],
  ['t stdout F', { stream: 'stdout', partial: false, content: Buffer.alloc(0) }],
])('the log line "%s"', (line, expected) => {
  expect(parseLogLine(Buffer.from(line))).toMatchObject(expected);
});

test.each(['', 'one', 'one two', 't stdin F x'])('"%s" is no log line', (line) => {
  expect(parseLogLine(Buffer.from(line))).toBeUndefined();
});
