import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFiles } from './log-files.js';
import { type LogReadOptions, readLog } from './log-reader.js';

let folder: string;
let path: string;
let nanoseconds = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logs-'));
  path = join(folder, '0.log');
  nanoseconds = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (text: string, stream = 'stdout', tag = 'F'): string =>
  `2026-01-02T03:04:05.${String(++nanoseconds).padStart(9, '0')}Z ${stream} ${tag} ${text}\n`;
const append = (text: string, file = path): void => appendFileSync(file, line(text));

async function read(options: LogReadOptions = {}): Promise<string> {
  return collect(await LogFiles.open(path, { follow: false }), options);
}

async function collect(files: LogFiles, options: LogReadOptions, seen: (text: string) => void = () => undefined) {
  let text = '';
  for await (const chunk of readLog(files, options)) {
    text += chunk.toString();
    seen(text);
  }
  return text;
}

/** Follows the log from its start. */
async function follow() {
  let running = true;
  let text = '';
  const files = await LogFiles.open(path, { follow: true });
  const options = { follow: { signal: new AbortController().signal, isWriting: () => running } };
  const done = collect(files, options, (now) => {
    text = now;
  });
  const until = async (last: string): Promise<void> => {
    for (let tries = 0; !text.endsWith(`${last}\n`); tries++) {
      if (tries > 500) throw new Error(`waited in vain for ${last}, have ${text}`);
      await sleep(10);
    }
  };
  const end = (): Promise<string> => {
    running = false;
    return done;
  };
  return { until, end };
}

function rotate(name: string): void {
  renameSync(path, `${path}.${name}`);
  writeFileSync(path, '');
}

test('tail, since, limit, streams, time stamps and parts of lines', async () => {
  const lines = [line('one'), line('two', 'stderr'), line('th', 'stdout', 'P'), line('ree'), 'no log line\n'];
  writeFileSync(path, lines.join(''));
  expect(await read()).toBe('one\ntwo\nthree\n');
  expect(await read({ tailLines: 0 })).toBe('');
  expect(await read({ tailLines: 4 })).toBe('two\nthree\n');
  expect(await read({ stream: 'stderr' })).toBe('two\n');
  expect(await read({ limitBytes: 6 })).toBe('one\ntw');
  expect(await read({ timestamps: true, tailLines: 3 })).toBe('2026-01-02T03:04:05.000000003Z three\n');
  expect(await read({ since: Date.parse('2026-01-02T03:04:05Z') })).toBe('one\ntwo\nthree\n');
  expect(await read({ since: Date.parse('2026-01-02T03:04:06Z') })).toBe('');
});

test('who does not follow gets what was there when it was asked for', async () => {
  const long = 'x'.repeat(50_000);
  for (const number of [1, 2, 3, 4]) append(`${number}${long}`);
  for (const [options, first, count] of [
    [{}, '1', 4],
    [{ tailLines: 3 }, '2', 3],
  ] as const) {
    const chunks = readLog(await LogFiles.open(path, { follow: false }), options);
    let text = String((await chunks.next()).value);
    append('too late');
    for await (const chunk of chunks) text += chunk.toString();
    expect(text.slice(0, 1)).toBe(first);
    expect(text.trimEnd().split('\n')).toHaveLength(count);
    writeFileSync(path, '');
    for (const number of [1, 2, 3, 4]) append(`${number}${long}`);
  }
});

test('what was rotated away is not read again', async () => {
  writeFileSync(path, line('old'));
  rotate('20260102-030405');
  append('new');
  expect(await read()).toBe('new\n');
  expect(await read({ tailLines: 5 })).toBe('new\n');
});

test('who follows reads on in the next file', async () => {
  writeFileSync(path, line('a1'));
  const { until, end } = await follow();
  await until('a1');
  append('a2');
  rotate('20260102-030405');
  append('b1');
  await until('b1');
  append('b2');
  expect(await end()).toBe('a1\na2\nb1\nb2\n');
});

test('a line that the runtime still writes to the old file is not lost', async () => {
  writeFileSync(path, line('a1'));
  const { until, end } = await follow();
  await until('a1');
  rotate('20260102-030405');
  append('b1');
  await sleep(20);
  append('a2', `${path}.20260102-030405`);
  await until('b1');
  expect(await end()).toBe('a1\na2\nb1\n');
});

test('a reader that is slower than two rotations misses nothing, even of a file that is gone', async () => {
  writeFileSync(path, line('a1'));
  const files = await LogFiles.open(path, { follow: true });
  let running = true;
  const options = { follow: { signal: new AbortController().signal, isWriting: () => running } };
  const chunks = readLog(files, options);
  expect(String((await chunks.next()).value)).toBe('a1\n');
  for (const name of ['b', 'c', 'd']) {
    rotate(name);
    append(name);
    await sleep(50);
    if (name !== 'b') rmSync(`${path}.${name}`);
  }
  running = false;
  let rest = '';
  for await (const chunk of chunks) rest += chunk.toString();
  expect(rest).toBe('b\nc\nd\n');
});

test('a limit holds across files', async () => {
  writeFileSync(path, line('aaaa'));
  const files = await LogFiles.open(path, { follow: true });
  const options = { limitBytes: 8, follow: { signal: new AbortController().signal, isWriting: () => true } };
  const text = collect(files, options);
  await sleep(20);
  rotate('20260102-030405');
  append('bbbb');
  expect(await text).toBe('aaaa\nbbb');
});

test('a log that is just being rotated is waited for, one that is not there is not', async () => {
  await expect(LogFiles.open(path, { follow: false })).rejects.toThrow(/ENOENT/);
  writeFileSync(`${path}.20260102-030405`, line('old'));
  const text = read();
  await sleep(20);
  writeFileSync(path, line('new'));
  expect(await text).toBe('new\n');
});

test('who goes away ends the reading', async () => {
  writeFileSync(path, line('a'));
  const away = new AbortController();
  const files = await LogFiles.open(path, { follow: true });
  const text = collect(files, { follow: { signal: away.signal, isWriting: () => true } }, () => away.abort());
  expect(await text).toBe('a\n');
});
