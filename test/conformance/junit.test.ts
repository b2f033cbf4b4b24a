import { firstErrorLine, parseReport } from './junit.js';

/** As ginkgo 1 writes it. */
const first = `<?xml version="1.0" encoding="UTF-8"?>
  <testsuite name="Kubernetes e2e suite" tests="2" failures="1" errors="0" time="12.5">
      <testcase name="[sig-apps] Job should run &lt;one&gt; [Conformance]" classname="Kubernetes e2e suite" time="10.25"></testcase>
      <testcase name="[sig-node] Pods should fail" classname="Kubernetes e2e suite" time="2.25">
          <failure type="Failure">/src/test/e2e/node/pods.go:12&#xA;Nov 21 02:00:00.000: Unexpected error:&#xA;    timed out</failure>
          <system-out>much text</system-out>
      </testcase>
      <testcase name="[sig-node] Pods other" classname="Kubernetes e2e suite" time="0">
          <skipped></skipped>
      </testcase>
      <testcase name="BeforeSuite" classname="Kubernetes e2e suite" time="1"></testcase>
  </testsuite>`;

/** As ginkgo 2 writes it. */
const second = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" disabled="0" errors="0" failures="1" time="5">
  <testsuite name="Kubernetes e2e suite" package="/e2e" tests="3">
    <testcase name="[SynchronizedBeforeSuite]" classname="Kubernetes e2e suite" status="passed" time="0.1"></testcase>
    <testcase name="[It] [sig-apps] Job should run [Conformance]" classname="Kubernetes e2e suite" status="failed" time="3.5">
      <failure message="expected 1, got 2" type="failed">[FAILED] expected 1, got 2&#xA;In [It] at: job.go:1</failure>
    </testcase>
    <testcase name="[It] [sig-node] Pods other" classname="Kubernetes e2e suite" status="skipped" time="0">
      <skipped message="skipped"></skipped>
    </testcase>
    <testcase name="[ReportAfterSuite] Kubernetes e2e suite report" classname="Kubernetes e2e suite" time="0"></testcase>
  </testsuite>
</testsuites>`;

describe('parseReport', () => {
  it('reads what ginkgo 1 writes', () => {
    const tests = parseReport(first);
    expect(tests.map(({ name, outcome, seconds }) => [name, outcome, seconds])).toEqual([
      ['[sig-apps] Job should run <one> [Conformance]', 'passed', 10.25],
      ['[sig-node] Pods should fail', 'failed', 2.25],
      ['[sig-node] Pods other', 'skipped', 0],
    ]);
    expect(firstErrorLine(tests[1]!.message)).toBe('Nov 21 02:00:00.000: Unexpected error:');
  });

  it('reads what ginkgo 2 writes, by the same names', () => {
    expect(parseReport(second)).toEqual([
      {
        name: '[sig-apps] Job should run [Conformance]',
        outcome: 'failed',
        seconds: 3.5,
        message: '[FAILED] expected 1, got 2\nIn [It] at: job.go:1',
      },
      { name: '[sig-node] Pods other', outcome: 'skipped', seconds: 0, message: '' },
    ]);
  });

  it('refuses what is not XML', () => {
    expect(() => parseReport('<testsuite><testcase')).toThrow();
    expect(() => parseReport('')).toThrow();
  });
});

test('an error of several lines is told by the one that says most', () => {
  expect(firstErrorLine('/a/b.go:1\n\nboom\nmore')).toBe('boom');
  expect(firstErrorLine('/a/b.go:1')).toBe('/a/b.go:1');
  expect(firstErrorLine('')).toBe('');
});
