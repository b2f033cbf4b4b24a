import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argumentsFor, inspectBinary, parseVersion } from './binary.js';
import { parseOptions } from './options.js';
import { runSuite } from './run-suite.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conformance-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function script(text: string): string {
  const path = join(folder, 'e2e.test');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('the binary', () => {
  it.each([
    ['v1.20.2', 1],
    ['v1.25.0', 2],
    ['v1.34.1-rc.0+abc', 2],
  ])('%s has ginkgo %i', (version, ginkgo) => {
    expect(parseVersion(`${version}\n`)).toEqual({ version, ginkgo });
  });

  it('is refused with one sentence when it cannot be used', async () => {
    await expect(inspectBinary(join(folder, 'nope'))).rejects.toThrow(`There is no file ${folder}/nope.`);
    await expect(inspectBinary(folder)).rejects.toThrow(`${folder} is not a file.`);
    await expect(inspectBinary(script('echo hello'))).rejects.toThrow('does not tell its version');
    await expect(inspectBinary(script('exit 3'))).rejects.toThrow('does not run');
    writeFileSync(join(folder, 'plain'), '');
    await expect(inspectBinary(join(folder, 'plain'))).rejects.toThrow('is not executable');
  });

  it('is called with the flags of its generation', () => {
    const call = { kubeconfig: 'k', focus: 'f', skip: '', reports: 'r', dryRun: true, extra: ['--x'] };
    expect(argumentsFor({ ginkgo: 1 }, call)).toContain('--ginkgo.dryRun=true');
    expect(argumentsFor({ ginkgo: 2 }, call)).toEqual(
      expect.arrayContaining(['--ginkgo.dry-run=true', '--ginkgo.no-color=true', '--ginkgo.focus=f', '--x']),
    );
    expect(argumentsFor({ ginkgo: 2 }, call).join(' ')).not.toContain('skip');
  });
});

/** Lists two tests; the second one never reports. */
const suite = `
for flag; do case "$flag" in --version) echo v1.34.0; exit 0;; --report-dir=*) dir=\${flag#*=};; --ginkgo.dry-run*) dry=1;; esac; done
echo "<testsuites><testsuite><testcase name='[It] [sig-a] one' time='1'/>" > $dir/junit_01.xml
[ -z "$dry" ] || echo "<testcase name='[It] [sig-a] two' time='0'/><testcase name='x'><skipped/></testcase>" >> $dir/junit_01.xml
echo "</testsuite></testsuites>" >> $dir/junit_01.xml
exit 1`;

describe('a run', () => {
  const run = async (...flags: string[]) => {
    const args = [`--binary=${script(suite)}`, '--kubeconfig=k', `--results=${folder}/results`, ...flags];
    const options = parseOptions(args);
    const binary = await inspectBinary(options.binary);
    return runSuite({ options, binary, write: () => undefined, signal: new AbortController().signal });
  };

  it('counts a test that has no result as failed', async () => {
    expect((await run()).map(({ name, outcome, reason }) => [name, outcome, reason])).toEqual([
      ['[sig-a] one', 'passed', ''],
      ['[sig-a] two', 'failed', 'The suite ended without a result for this test: exit code 1.'],
    ]);
  });

  it('says what the binary said when it cannot list its tests', async () => {
    const path = script('[ "$1" = --version ] && echo v1.34.0 && exit; echo unknown flag; exit 2');
    const options = parseOptions([`--binary=${path}`, '--kubeconfig=k', `--results=${folder}/results`]);
    const binary = await inspectBinary(path);
    const signal = new AbortController().signal;
    await expect(runSuite({ options, binary, write: () => undefined, signal })).rejects.toThrow(
      /cannot list its tests \(exit code 2\):\nunknown flag/,
    );
  });
});

test('the command line is checked', () => {
  expect(() => parseOptions([])).toThrow('--binary is required.');
  expect(() => parseOptions(['--nope'])).toThrow(/--nope/);
  expect(() => parseOptions(['--binary=b', '--kubeconfig=k', '--results=r', '--parallel=0'])).toThrow(/--parallel/);
});
