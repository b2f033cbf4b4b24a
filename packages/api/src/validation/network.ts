/** Ports and addresses. */
import { type FieldError, invalid } from '@kubelab/apimachinery/field-error';
import { cidrContains, parseCIDR, parseIP } from '@kubelab/apimachinery/ip';
import { isValidIP, isValidPortNum } from '@kubelab/apimachinery/names';

export function validatePortNumber(port: number | undefined, path: string): FieldError[] {
  return isValidPortNum(port ?? 0).map((problem) => invalid(path, port ?? 0, problem));
}

/** Ranges that no endpoint may be in, because every machine means its own by them. */
const specialRanges: readonly (readonly [readonly string[], string])[] = [
  [['0.0.0.0/32', '::/128'], 'may not be unspecified (0.0.0.0 or ::)'],
  [['127.0.0.0/8', '::1/128'], 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [['169.254.0.0/16', 'fe80::/10'], 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [['224.0.0.0/24', 'ff02::/10'], 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** An address that clients of a service can be sent to. */
export function validateEndpointIP(text: string, path: string): FieldError[] {
  const problems = isValidIP(text);
  if (problems.length > 0) return problems.map((problem) => invalid(path, text, problem));
  const ip = parseIP(text);
  return specialRanges
    .filter(([ranges]) => ip && ranges.some((range) => cidrContains(parseCIDR(range)!, ip)))
    .map(([, why]) => invalid(path, text, why));
}
