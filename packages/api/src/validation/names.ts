/** Upstream's rules for names of objects. With `prefix` the text is the beginning of a generated name. */
import {
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidPathSegmentName,
  isValidPathSegmentPrefix,
} from '@kubelab/apimachinery/names';

/** Every reason why `name` is no valid name; none when it is. */
export type NameRule = (name: string, options?: { prefix: boolean }) => string[];

/** What is appended to a prefix is a letter or digit, so a dash at its end is fine. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

const orPrefix =
  (rule: (name: string) => string[]): NameRule =>
  (name, options) =>
    rule(options?.prefix ? maskTrailingDash(name) : name);

export const dnsSubdomainName: NameRule = orPrefix(isDNS1123Subdomain);
export const dnsLabelName: NameRule = orPrefix(isDNS1123Label);
export const dns1035LabelName: NameRule = orPrefix(isDNS1035Label);
export const pathSegmentName: NameRule = (name, options) =>
  options?.prefix ? isValidPathSegmentPrefix(name) : isValidPathSegmentName(name);
