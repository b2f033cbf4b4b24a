/** Why a test of upstream's suite is not expected to pass. */
export type KnownOutcome = 'removed upstream' | 'not yet';

export interface KnownReason {
  /** Part of the full name of the tests. */
  readonly pattern: RegExp;
  readonly outcome: KnownOutcome;
  /** One sentence. */
  readonly reason: string;
  /** Only for suites older than this minor version of Kubernetes 1. */
  readonly before?: number;
}

/** The first that matches counts. A test that passes all the same counts as passed. */
export const knownReasons: readonly KnownReason[] = [
  {
    pattern: /\[sig-apps\] DisruptionController|\[sig-network\] EndpointSlice(?:Mirroring)? /,
    outcome: 'removed upstream',
    reason: 'Up to 1.20 the test used policy/v1beta1 or discovery.k8s.io/v1beta1, which left with 1.25.',
    before: 21,
  },
  {
    pattern: /\[sig-apps\] CronJob |created by cronjob|v1beta1 cronJobs/,
    outcome: 'removed upstream',
    reason: 'Up to 1.20 the test used batch/v1beta1, which left with 1.25.',
    before: 21,
  },
  {
    pattern: /PodSecurityPolicy/,
    outcome: 'removed upstream',
    reason: 'PodSecurityPolicy left Kubernetes with 1.25.',
    before: 25,
  },
  {
    pattern:
      /\[sig-instrumentation\] Events API should ensure that an event can be fetched, patched, deleted, and listed/,
    outcome: 'removed upstream',
    reason: 'The test changes the note of an event, which the validation of later versions refuses.',
    before: 23,
  },
  {
    pattern: /\[sig-api-machinery\] API priority and fairness/,
    outcome: 'removed upstream',
    reason: 'Up to 1.28 the test used a beta of flowcontrol.apiserver.k8s.io; the last left with 1.32.',
    before: 29,
  },
  {
    pattern: /\[sig-apps\] Daemon set .*when spec was updated and update strategy is/,
    outcome: 'removed upstream',
    reason: 'Up to 1.33 a revision held `creationTimestamp: null`, and the test compares it byte by byte.',
    before: 34,
  },
  {
    pattern: /\[sig-api-machinery\] API priority and fairness/,
    outcome: 'not yet',
    reason: 'Requests are not queued by priority.',
  },
  {
    pattern: /\[sig-api-machinery\] health handlers should contain necessary checks/,
    outcome: 'not yet',
    reason: 'The checks of API aggregation are not there.',
  },
  {
    pattern: /\[sig-api-machinery\] AdmissionWebhook/,
    outcome: 'not yet',
    reason: 'Admission webhooks are refused.',
  },
  {
    pattern: /CustomResourceConversionWebhook/,
    outcome: 'not yet',
    reason: 'Conversion webhooks of custom resources are refused.',
  },
  {
    pattern: /\[sig-api-machinery\] Aggregator/,
    outcome: 'not yet',
    reason: 'API aggregation is refused.',
  },
  {
    pattern: /ValidatingAdmissionPolicy|MutatingAdmissionPolicy/,
    outcome: 'not yet',
    reason: 'Admission policies are refused.',
  },
  {
    pattern: /CustomResourceValidationRules|CustomResourceDefinition Validation Rules/,
    outcome: 'not yet',
    reason: 'CEL rules of custom resources are refused.',
  },
];

/** `version`: of the suite, such as `v1.34.0`. */
export function knownReasonOf(name: string, version: string, reasons = knownReasons): KnownReason | undefined {
  const minor = Number(/^v1\.(\d+)\./.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
  return reasons.find(({ pattern, before }) => pattern.test(name) && (before === undefined || minor < before));
}
