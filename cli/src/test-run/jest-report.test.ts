import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFailedFiles } from './jest-report.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelab-report-'));
const report = join(folder, 'report.json');
afterAll(() => rmSync(folder, { recursive: true }));

test('the files that failed are named, also one that could not even be loaded', async () => {
  const testResults = [
    { name: '/a.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }] },
    { name: '/b.test.ts', status: 'failed', assertionResults: [{ status: 'failed' }] },
    { name: '/broken.test.ts', status: 'failed', assertionResults: [] },
  ];
  writeFileSync(report, JSON.stringify({ success: false, testResults }));
  expect(await readFailedFiles(report)).toEqual(['/b.test.ts', '/broken.test.ts']);
});

test('a run that ended before it could report names none, and half a report is an error', async () => {
  expect(await readFailedFiles(join(folder, 'nothing.json'))).toEqual([]);
  writeFileSync(report, '{"testResults": [');
  await expect(readFailedFiles(report)).rejects.toThrow(SyntaxError);
});
