import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineLog } from './engine-log.js';
import { EngineLogDecoder, formatEntries, type LogEntry } from './entries.js';
import { LogFile } from './log-file.js';
import { findResumePoint } from './resume.js';

const directory = mkdtempSync(join(tmpdir(), 'logs-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(directory, `${files++}`, '0.log');

const at = (seconds: number, nanos = 0): string =>
  `2024-01-01T00:00:${String(seconds).padStart(2, '0')}.${String(nanos).padStart(9, '0')}Z`;

const record = (time: string, log: string, stream = 'stdout'): string => `${JSON.stringify({ log, stream, time })}\n`;

test.each([1, 7, 100_000])('the engine’s records become entries, in pieces of %i bytes', (step) => {
  const bytes = Buffer.from(
    record('2024-01-01T00:00:01.5Z', 'hello wörld\n') +
      record('2024-01-01T00:00:02Z', 'oops\n', 'stderr') +
      'torn{"log":\n' +
      '\0\0\0\n' +
      record(at(3), 'part') +
      record(at(3), '\n'),
  );
  const decoder = new EngineLogDecoder();
  const entries: LogEntry[] = [];
  for (let start = 0; start < bytes.length; start += step)
    entries.push(...decoder.push(bytes.subarray(start, start + step)));
  expect(entries).toEqual([
    { time: at(1, 500_000_000), stream: 'stdout', text: 'hello wörld', partial: false },
    { time: at(2), stream: 'stderr', text: 'oops', partial: false },
    { time: at(3), stream: 'stdout', text: 'part', partial: true },
    { time: at(3), stream: 'stdout', text: '', partial: false },
  ]);
  expect(decoder.pendingBytes).toBe(0);
});

const entry = (time: string, text = 'x'): LogEntry => ({
  time,
  stream: 'stdout',
  text,
  partial: false,
});
const lines = (...times: string[]): string => formatEntries(times.map((time) => entry(time))).toString();

test('the CRI format', () => {
  const text = formatEntries([entry(at(1), 'a b'), { ...entry(at(2)), stream: 'stderr', partial: true }]).toString();
  expect(text).toBe(`${at(1)} stdout F a b\n${at(2)} stderr P x\n`);
});

describe('where to go on', () => {
  const write = async (path: string, text: string): Promise<void> => {
    const file = new LogFile(path);
    await file.open();
    await file.write(Buffer.from(text));
    await file.close();
  };
  const news = async (path: string, ...times: string[]): Promise<string[]> => {
    const { isNew } = await findResumePoint(path);
    return times.filter((time) => isNew(entry(time)));
  };

  test('without a file: from the beginning', async () => {
    expect(await news(newPath(), at(0), at(1))).toEqual([at(0), at(1)]);
  });

  test('a little before the last line, without what is there already, also where times are out of order or equal', async () => {
    const path = newPath();
    await write(path, lines(at(1), at(9, 5), at(9, 7), at(9, 6), at(9, 7)));
    expect(await news(path, at(9, 5), at(9, 7), at(9, 6), at(9, 7), at(9, 7), at(9, 2), at(9, 8))).toEqual([
      at(9, 7),
      at(9, 2),
      at(9, 8),
    ]);
  });

  test('across a rotation that has just happened', async () => {
    const path = newPath();
    await write(path, lines(at(1), at(8, 1)));
    renameSync(path, `${path}.20240101-000008`);
    writeFileSync(`${path}.20230101-000000`, lines(at(8, 3)));
    writeFileSync(`${path}.20240101-000009.gz`, 'not text');
    expect(await news(path, at(8, 1), at(8, 2))).toEqual([at(8, 2)]);
    await write(path, lines(at(8, 2)));
    expect(await news(path, at(8, 1), at(8, 2), at(8, 4))).toEqual([at(8, 4)]);
  });

  test('a tail longer than one read', async () => {
    const path = newPath();
    const times = Array.from({ length: 5000 }, (_, index) => at(20, index));
    await write(path, lines(at(1), ...times));
    expect(await news(path, ...times, at(21))).toEqual([at(21)]);
  });

  test('a torn last line is cut off and written anew', async () => {
    const path = newPath();
    await write(path, `${lines(at(1))}${at(2)} stdout F to`);
    const file = new LogFile(path);
    await file.open();
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(at(1)));
    expect(await news(path, at(1), at(2))).toEqual([at(2)]);
  });
});

test('a file that was never opened refuses writes', async () => {
  await expect(new LogFile(newPath()).write(Buffer.from('x'))).rejects.toThrow(/not open/);
});

describe('the engine’s log', () => {
  const block = 16 * 1024 * 1024;
  const filler = Buffer.alloc(block, 'x');
  const create = (bytes: Buffer): string => {
    const path = join(directory, `${files++}.log`);
    writeFileSync(path, bytes);
    return path;
  };
  const readAll = async (log: EngineLog): Promise<number> => {
    let bytes = 0;
    for (let chunk = await log.read(); chunk; chunk = await log.read()) bytes += chunk.length;
    return bytes;
  };

  test('gives the space of what was read back, and a later reader begins behind it', async () => {
    const path = create(Buffer.concat([filler, filler, Buffer.from('tail')]));
    const log = await EngineLog.open(path, () => undefined);
    expect(await readAll(log)).toBe(2 * block + 4);
    await log.free(5);
    await log.close();
    expect(statSync(path).size).toBe(2 * block + 4);
    expect(statSync(path).blocks * 512).toBeLessThan(block + 1024 * 1024);
    const next = await EngineLog.open(path, () => undefined);
    expect(await readAll(next)).toBe(block + 4);
    await next.free(0);
    await next.close();
    const last = await EngineLog.open(path, () => undefined);
    expect(await readAll(last)).toBe(4);
    await last.close();
  });

  test('an empty file is read from its beginning when it grows; its watcher tells', async () => {
    const path = create(Buffer.alloc(0));
    let wake: () => void = () => undefined;
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const log = await EngineLog.open(path, wake);
    expect(await log.read()).toBeUndefined();
    appendFileSync(path, 'new');
    await changed;
    expect((await log.read())?.toString()).toBe('new');
    await log.close();
  });

  test('a missing file is ENOENT', async () => {
    await expect(EngineLog.open(join(directory, 'none'), () => undefined)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
