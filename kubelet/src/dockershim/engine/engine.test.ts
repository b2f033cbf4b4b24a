import { Readable } from 'node:stream';
import { silentLogger } from '@kubelab/component/logger';
import { CriError } from '@kubelab/proto/cri-error';
import { engineCallTolerating, toCriError } from './errors.js';
import { jsonLines } from './json-lines.js';
import { decodeLabels, encodeLabels, parseContainerName, parseSandboxName } from './names.js';
import { OomScores, oomScoreFloor } from './oom-score.js';
import { Semaphore } from './semaphore.js';
import { nanoseconds } from './time.js';

const engineError = (statusCode: number, message: string): Error =>
  Object.assign(new Error(`(HTTP code ${statusCode})`), { statusCode, json: { message } });

test.each([
  [
    engineError(404, 'No such container: x'),
    'NOT_FOUND',
    'failed to do it: Error response from daemon: No such container: x',
  ],
  [engineError(409, 'busy'), 'FAILED_PRECONDITION', 'failed to do it: Error response from daemon: busy'],
  [engineError(500, 'boom'), 'UNKNOWN', 'failed to do it: Error response from daemon: boom'],
  [
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    'UNAVAILABLE',
    'failed to do it: Cannot connect to the Docker daemon (ECONNREFUSED)',
  ],
  [new Error('odd'), 'UNKNOWN', 'failed to do it: odd'],
])('an error of the engine becomes a CRI error', (error, code, message) => {
  expect(toCriError(error, 'do it')).toMatchObject({ code, message });
});

test('a CRI error stays what it is, and a wish that is fulfilled already is no error', async () => {
  const error = new CriError('ABORTED', 'x');
  expect(toCriError(error, 'do it')).toBe(error);
  await engineCallTolerating('do it', [304], () => Promise.reject(engineError(304, '')));
  await expect(engineCallTolerating('do it', [304], () => Promise.reject(engineError(404, '')))).rejects.toThrow(
    CriError,
  );
});

test('names give the metadata back', () => {
  expect(parseSandboxName('/k8s_POD_web-0_shop_u-1_3')).toEqual({
    name: 'web-0',
    namespace: 'shop',
    uid: 'u-1',
    attempt: 3,
  });
  expect(parseContainerName('/k8s_c_web_shop_u_0')).toEqual({ name: 'c', attempt: 0 });
});

test.each(['/other', '/k8s_c_web_shop_u_0', '/k8s_POD_web_shop_u', '/k8s_POD_web_shop_u_x'])(
  '%s is no sandbox',
  (name) => {
    expect(parseSandboxName(name)).toBeUndefined();
  },
);

test('labels and annotations survive the way through the engine', () => {
  const encoded = encodeLabels({ a: '1' }, { b: '2' }, { 'io.kubernetes.docker.type': 'container' });
  expect(decodeLabels(encoded)).toEqual({ labels: { a: '1' }, annotations: { b: '2' } });
  expect(decodeLabels(null)).toEqual({ labels: {}, annotations: {} });
});

test.each([
  // To the 256 ns that a number of this size can tell apart.
  ['2024-01-02T03:04:05.123456789Z', 1_704_164_645_123_456_800],
  ['2024-01-02T03:04:05+01:00', 1_704_161_045_000_000_000],
  ['0001-01-01T00:00:00Z', 0],
  ['soon', 0],
  [undefined, 0],
])('the time %s', (text, expected) => {
  expect(nanoseconds(text)).toBe(expected);
});

test('the OOM score floor is the own score only without CAP_SYS_RESOURCE', () => {
  const read = (bounding: string) => (path: string) =>
    path.endsWith('status') ? `Name:\tx\nCapBnd:\t${bounding}\n` : '-5\n';
  expect(oomScoreFloor(read('000001ffffffffff'))).toBe(-1000);
  expect(oomScoreFloor(read('000001fffeffffff'))).toBe(-5);
});

test('clamping is told once', () => {
  const told: string[] = [];
  const scores = new OomScores(0, { ...silentLogger, warn: (message) => told.push(message) });
  expect([scores.clamp(-998), scores.clamp(-1), scores.clamp(1000)]).toEqual([0, 0, 1000]);
  expect(told).toHaveLength(1);
});

test('a semaphore lets in as many as it may, in order, also after a failure', async () => {
  const semaphore = new Semaphore(2);
  const order: number[] = [];
  let running = 0;
  let most = 0;
  const task = (index: number) => async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(index);
    running--;
    if (index === 1) throw new Error('task');
  };
  await Promise.allSettled([0, 1, 2, 3, 4].map((index) => semaphore.run(task(index))));
  expect({ most, order }).toEqual({ most: 2, order: [0, 1, 2, 3, 4] });
});

test('JSON lines may be cut anywhere, and a destroyed stream is an error', async () => {
  const seen: unknown[] = [];
  for await (const value of jsonLines(Readable.from([Buffer.from('{"a":'), Buffer.from('1}\n\n{"b":2}')])))
    seen.push(value);
  expect(seen).toEqual([{ a: 1 }, { b: 2 }]);
  const stream = new Readable({ read: () => undefined });
  const reading = jsonLines(stream).next();
  stream.destroy();
  await expect(reading).rejects.toThrow(/close/);
});
