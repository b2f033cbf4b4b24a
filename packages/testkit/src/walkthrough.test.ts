import { matchesOutput, parseWalkthrough, WalkthroughError } from './walkthrough.js';

const fenced = (...lines: string[]): string => ['```console', ...lines, '```'].join('\n');

describe('parseWalkthrough', () => {
  test('commands with what they print, in order', () => {
    const text = `# Title\n\nText.\n\n${fenced('$ kubectl get nodes', 'NAME ...', '...', '$ true')}\n`;
    expect(parseWalkthrough(text)).toEqual([
      { command: 'kubectl get nodes', expected: ['NAME ...', '...'], exitCode: 0, waitMs: 0, line: 6 },
      { command: 'true', expected: [], exitCode: 0, waitMs: 0, line: 9 },
    ]);
  });

  test('only console blocks count, and their contents are no headings', () => {
    const text = [
      '```sh',
      '$ rm -rf /',
      '```',
      '    $ indented',
      fenced('# a comment', '$ true'),
      '~~~',
      '$ no',
      '~~~',
    ];
    expect(parseWalkthrough(text.join('\n')).map(({ command }) => command)).toEqual(['true']);
  });

  test('a section has its subsections and ends with the next heading of its level', () => {
    const text = [
      '# Top',
      fenced('$ one'),
      '## Tour',
      fenced('$ two'),
      '### Part ###',
      fenced('$ three'),
      '## Next',
      fenced('$ four'),
    ];
    const commands = parseWalkthrough(text.join('\n'), { section: 'Tour' });
    expect(commands.map(({ command }) => command)).toEqual(['two', 'three']);
  });

  test('settings hold for the next command alone', () => {
    const text = fenced('# wait up to 1m30s', '# exits with 1', '$ one', '$ two', '# says why', '$ three');
    expect(parseWalkthrough(text).map(({ waitMs, exitCode }) => [waitMs, exitCode])).toEqual([
      [90_000, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  test('a command for one runtime', () => {
    const text = fenced('# with --runtime=docker', '# wait up to 1s', '$ one', '$ two');
    expect(parseWalkthrough(text)).toMatchObject([
      { command: 'one', runtime: 'docker', waitMs: 1000 },
      { command: 'two' },
    ]);
    expect(parseWalkthrough(text)[1]).not.toHaveProperty('runtime');
  });

  test('a command of several lines', () => {
    const text = fenced('$ cat <<END', '> one', '>', '>   two', '> END', 'one', '> not the command');
    expect(parseWalkthrough(text)).toMatchObject([
      { command: 'cat <<END\none\n\n  two\nEND', expected: ['one', '> not the command'] },
    ]);
  });

  test('a block in a list item, with Windows line ends', () => {
    const text = '- do\r\n\r\n  ```console\r\n  $ true\r\n    indented\r\n  ```\r\n';
    expect(parseWalkthrough(text)).toMatchObject([{ command: 'true', expected: ['  indented'] }]);
  });

  test.each<[string, string, RegExp]>([
    ['a block that is never closed', 'text\n```console\n$ true', /^line 2: the code block is never closed$/],
    ['output first', fenced('hello', '$ true'), /^line 2: output without a command before it: hello$/],
    ['a wait that is no duration', fenced('# wait up to soon', '$ true'), /^line 2: .*time: invalid duration/],
    ['an exit code that is none', fenced('# exits with failure', '$ true'), /^line 2: .*names no exit code/],
    ['no commands', 'only text', /no commands in the document/],
  ])('%s is refused', (_name, text, message) => {
    expect(() => parseWalkthrough(text)).toThrow(WalkthroughError);
    expect(() => parseWalkthrough(text)).toThrow(message);
  });

  test('a section that is missing is refused', () => {
    expect(() => parseWalkthrough(fenced('$ true'), { section: 'Tour' })).toThrow(/no commands in section "Tour"/);
  });
});

describe('matchesOutput', () => {
  test.each<[string, string[], string, boolean]>([
    ['no expectation takes anything', [], 'whatever\n', true],
    ['the same text', ['hello'], 'hello\n', true],
    ['other text', ['hello'], 'hullo\n', false],
    ['white space is not compared', ['NAME   READY'], ' NAME READY\t\n\n', true],
    ['a line too many', ['hello'], 'hello\nthere\n', false],
    ['a line too few', ['hello', 'there'], 'hello\n', false],
    ['dots in a line', ['web-... 1/1 Running ...'], 'web-5d 1/1 Running 0 4s\n', true],
    ['dots match nothing too', ['web...'], 'web\n', true],
    ['dots take the white space around them', ['node-2 ... NotReady ... evicted'], 'node-2 NotReady   evicted\n', true],
    ['a line that begins with dots has any lines before it', ['...done'], 'waiting\nwaiting\nall done\n', true],
    ['but none after it', ['...done'], 'all done\nreally\n', false],
    ['dots at both ends: somewhere', ['...nginx...'], '<html>\n<h1>Welcome to nginx!</h1>\n</html>\n', true],
    ['and not elsewhere', ['...apache...'], '<html>\n<h1>Welcome to nginx!</h1>\n</html>\n', false],
    ['dots do not cross lines', ['one ... two'], 'one\ntwo\n', false],
    ['pieces must not overlap', ['aba...ba'], 'aba\n', false],
    ['pieces in the wrong order', ['...b...a...'], 'a b\n', false],
    ['the middle piece is where it can be', ['...a...a'], 'banana\n', true],
    ['dots for any lines', ['first', '...', 'last'], 'first\n2\n3\nlast\n', true],
    ['dots for no line', ['first', '...', 'last'], 'first\nlast\n', true],
    ['dots at the end', ['first', '...'], 'first\nmore\n', true],
    ['dots at the start find a later line', ['...', 'b', 'c'], 'b\nb\nc\n', true],
    ['dots alone match no output', ['...'], '', true],
    ['a line is missing after dots', ['...', 'gone'], 'here\n', false],
    ['signs have no meaning', ['a.c (x)* [1]'], 'a.c (x)* [1]\n', true],
    ['nor does a dot', ['a.c'], 'abc\n', false],
    ['output where nothing but text is expected', ['hello'], '', false],
  ])('%s', (_name, expected, output, result) => {
    expect(matchesOutput(expected, output)).toBe(result);
  });

  test('many dots over much output take no time to speak of', () => {
    const expected = Array.from({ length: 200 }, () => ['...', 'a...a...a...b']).flat();
    expect(matchesOutput(expected, `${'a'.repeat(100)}\n`.repeat(2000))).toBe(false);
  });
});
