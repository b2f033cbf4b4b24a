/** Why a test of upstream's suite is not expected to pass. */
export type KnownOutcome = 'removed upstream' | 'not yet';

export interface KnownReason {
  /** Part of the full name of the tests. */
  readonly pattern: RegExp;
  readonly outcome: KnownOutcome;
  /** One sentence. */
  readonly reason: string;
}

/** The first that matches counts. A test that passes all the same counts as passed. */
export const knownReasons: readonly KnownReason[] = [
  {
    pattern: /PodSecurityPolicy/,
    outcome: 'removed upstream',
    reason: 'PodSecurityPolicy left Kubernetes with 1.25.',
  },
  {
    pattern:
      /\[sig-instrumentation\] Events API should ensure that an event can be fetched, patched, deleted, and listed/,
    outcome: 'removed upstream',
    reason: 'Up to 1.21 the note of an event could be changed; the test of later versions changes its series.',
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

export function knownReasonOf(name: string, reasons = knownReasons): KnownReason | undefined {
  return reasons.find(({ pattern }) => pattern.test(name));
}
