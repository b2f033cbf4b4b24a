import type { TestCase } from './junit.js';
import { knownReasonOf } from './known-reasons.js';
import { countBySig, toResult, toTable, toText } from './summary.js';

const test1 = (name: string, outcome: TestCase['outcome'], message = ''): TestCase => ({
  name,
  outcome,
  seconds: 1.5,
  message,
});

const results = [
  test1('[sig-apps] one', 'passed'),
  test1('[sig-apps] two', 'failed', 'a.go:1\nboom\tbang'),
  test1('[sig-apps] three', 'passed'),
  test1('[sig-auth] PodSecurityPolicy should forbid', 'failed', 'gone'),
].map((item) => toResult(item, 'v1.20.2'));

test('a failure that is known is not counted as one; a known test that passes has passed', () => {
  expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'failed', 'passed', 'removed upstream']);
  expect(results[3]!.reason).toContain('1.25');
  expect(toResult(test1('[sig-auth] PodSecurityPolicy should forbid', 'passed'), 'v1.20.2').outcome).toBe('passed');
  expect(knownReasonOf('[sig-apps] one', 'v1.20.2')).toBeUndefined();
});

test('what an old suite may fail at, a newer one may not', () => {
  const failed = test1('[sig-apps] DisruptionController should create a PodDisruptionBudget', 'failed', 'boom');
  expect(toResult(failed, 'v1.20.2').outcome).toBe('removed upstream');
  expect(toResult(failed, 'v1.34.0')).toMatchObject({ outcome: 'failed', reason: 'boom' });
});

test('the first entry that fits the suite tells the reason', () => {
  const failed = test1('[sig-api-machinery] API priority and fairness should ensure that', 'failed', 'boom');
  expect(toResult(failed, 'v1.20.2').outcome).toBe('removed upstream');
  expect(toResult(failed, 'v1.34.0').outcome).toBe('not yet');
});

test('percentages are of the tests that could pass', () => {
  const [apps, auth, all] = countBySig(results);
  expect(apps).toMatchObject({ sig: 'apps', passed: 2, failed: 1, percent: 66.6 });
  expect(auth).toMatchObject({ sig: 'auth', 'removed upstream': 1, percent: undefined });
  expect(all).toMatchObject({ sig: 'all', passed: 2, failed: 1, 'removed upstream': 1 });
});

test('the table has one line per test whatever the messages hold', () => {
  const lines = toTable(results).trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  expect(lines[2]).toBe('failed\tapps\t1.5\t[sig-apps] two\tboom bang');
});

test('the summary names what failed and why', () => {
  expect(toText(results)).toMatch(/Failed:\n- \[sig-apps\] two\n {4}boom/);
  expect(toText(results.slice(0, 1))).not.toContain('Failed:');
});
