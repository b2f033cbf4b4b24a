import { createErrors } from '../testing.js';
import { cronJob } from './cron-job.js';
import { job } from './job.js';

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } };
const errorsOf = (spec: object): string[] => createErrors(job, { spec: { template, ...spec } });
const indexed = { completionMode: 'Indexed', completions: 5 };
const failureErrors = (rule: object): string[] => errorsOf({ podFailurePolicy: { rules: [rule] } });
const successErrors = (...rules: object[]): string[] => errorsOf({ ...indexed, successPolicy: { rules } });
const rulePath = 'spec.podFailurePolicy.rules[0]';

describe('jobs', () => {
  test('who manages them', () => {
    expect(errorsOf({ managedBy: 'example.com/queue' })).toEqual([]);
    expect(errorsOf({ managedBy: '' })).toEqual(['spec.managedBy: Required value']);
    expect(errorsOf({ managedBy: `a.io/${'x'.repeat(60)}` })).toEqual([
      'spec.managedBy: Too long: may not be more than 63 bytes',
    ]);
  });

  test('the labels and the selector are generated', () => {
    const labels = { 'job-name': 'other' };
    expect(errorsOf({ template: { metadata: { labels }, ...template } })).toEqual([
      expect.stringMatching(/^spec.template.metadata.labels\[job-name\]: Invalid value: \{.*\}: must be 'test'$/),
    ]);
    expect(errorsOf({ selector: { matchLabels: { a: 'b' } } })).toEqual([
      expect.stringMatching(/^spec.selector: Invalid value: .*: `selector` not auto-generated$/),
      expect.stringMatching(/^spec.template.metadata.labels: Invalid value: .* does not match template `labels`$/),
    ]);
    const manual = { manualSelector: true, selector: { matchLabels: { a: 'b' } } };
    expect(errorsOf({ ...manual, template: { metadata: { labels: { a: 'b' } }, ...template } })).toEqual([]);
  });

  test('what indexes allow', () => {
    expect(errorsOf({ ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 5 })).toEqual([]);
    expect(errorsOf({ ...indexed, maxFailedIndexes: 6, parallelism: 100_001 })).toEqual([
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
      'spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions',
    ]);
    expect(errorsOf({ ...indexed, completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 1 })).toEqual([
      'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
      'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ]);
    expect(errorsOf({ backoffLimitPerIndex: 1 })).toEqual([
      'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
    ]);
    const name = 'x'.repeat(62);
    expect(createErrors(job, { metadata: { name }, spec: { template, ...indexed } })).toEqual([
      `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-4`,
    ]);
  });
});

describe('pod failure policy', () => {
  test('asks for one condition', () => {
    expect(failureErrors({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] })).toEqual([]);
    expect(failureErrors({ action: 'Stop' })).toEqual([
      `${rulePath}.action: Unsupported value: "Stop": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
      `${rulePath}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ]);
    const onExitCodes = { operator: 'In', values: [1] };
    expect(
      failureErrors({ action: 'FailIndex', onExitCodes, onPodConditions: [{ type: 'a b', status: 'x' }] }),
    ).toEqual([
      `${rulePath}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
      expect.stringMatching(/onPodConditions\[0\].type: Invalid value: "a b": name part must consist/),
      `${rulePath}.onPodConditions[0].status: Unsupported value: "x": supported values: "False", "True", "Unknown"`,
      `${rulePath}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`,
    ]);
  });

  test('asks for exit codes in order', () => {
    const exitErrors = (onExitCodes: object): string[] => failureErrors({ action: 'FailJob', onExitCodes });
    expect(exitErrors({ operator: 'NotIn', values: [0, 3], containerName: 'main' })).toEqual([]);
    expect(exitErrors({ operator: 'In', values: [4, 0, 4], containerName: 'other' })).toEqual([
      `${rulePath}.onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer names in the pod template`,
      `${rulePath}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
      `${rulePath}.onExitCodes.values[2]: Duplicate value: 4`,
      `${rulePath}.onExitCodes.values: Invalid value: [4,0,4]: must be ordered`,
    ]);
    expect(exitErrors({ operator: '', values: [] })).toEqual([
      `${rulePath}.onExitCodes.operator: Required value: valid values: ["In" "NotIn"]`,
      `${rulePath}.onExitCodes.values: Invalid value: []: at least one value is required`,
    ]);
  });

  test('goes with pods that are not restarted, and replaced when they have failed', () => {
    const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] };
    const restarted = { spec: { ...template.spec, restartPolicy: 'OnFailure' } };
    const spec = { template: restarted, podFailurePolicy, podReplacementPolicy: 'TerminatingOrFailed' };
    expect(errorsOf(spec)).toEqual([
      'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ]);
  });
});

describe('success policy', () => {
  const path = 'spec.successPolicy.rules';
  test('is one of indexed jobs', () => {
    expect(errorsOf({ successPolicy: { rules: [{ succeededCount: 1 }] } })).toEqual([
      'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
    ]);
    expect(successErrors()).toEqual([
      `${path}: Required value: at least one rules must be specified when the successPolicy is specified`,
    ]);
  });

  test('names indexes and counts that there are', () => {
    expect(successErrors({ succeededIndexes: '0,2-4', succeededCount: 4 })).toEqual([]);
    expect(successErrors({}, { succeededCount: 6 }, { succeededIndexes: '1-2', succeededCount: 3 })).toEqual([
      `${path}[0]: Required value: at least one of succeededCount or succeededIndexes must be specified`,
      `${path}[1].succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)`,
      `${path}[2].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`,
    ]);
  });

  test.each([
    [
      '1-2-3',
      `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    ],
    ['x', 'cannot convert string to integer for index: "x"'],
    ['1,5', 'too large index: "5"'],
    ['3-1', 'non-increasing order, previous: 3, current: 1'],
    ['2,1', 'non-increasing order, previous: 2, current: 1'],
  ])('refuses the indexes %s', (succeededIndexes, why) => {
    expect(successErrors({ succeededIndexes })).toEqual([
      `${path}[0].succeededIndexes: Invalid value: "${succeededIndexes}": error parsing succeededIndexes: ${why}`,
    ]);
  });
});

test('the selector of a cron job is not its own', () => {
  const spec = { template, selector: { matchLabels: { a: 'b' } }, manualSelector: true };
  expect(createErrors(cronJob, { spec: { schedule: '@daily', jobTemplate: { spec } } })).toEqual([
    'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ]);
});
