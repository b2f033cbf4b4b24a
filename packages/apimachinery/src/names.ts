/** Name and value formats with upstream's messages: an empty answer means valid. Lengths are in UTF-8 bytes. */

const dns1123Label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`;
const dns1035Label = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${qualifiedName})?`;
const wildcardSubdomain = `\\*\\.${dns1123Subdomain}`;
const cIdentifier = '[A-Za-z_][A-Za-z0-9_]*';
const httpHeaderName = '[-A-Za-z0-9]+';
const envVarName = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const configMapKey = '[-._a-zA-Z0-9]+';
const percent = '[0-9]+%';
const httpPath = `[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+`;

// Go's \A...\z: JavaScript's $ without the m flag matches only at the very end, too.
const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const dns1123LabelRegExp = whole(dns1123Label);
const dns1123SubdomainRegExp = whole(dns1123Subdomain);
const dns1035LabelRegExp = whole(dns1035Label);
const qualifiedNameRegExp = whole(qualifiedName);
const labelValueRegExp = whole(labelValue);
const wildcardSubdomainRegExp = whole(wildcardSubdomain);
const cIdentifierRegExp = whole(cIdentifier);
const httpHeaderNameRegExp = whole(httpHeaderName);
const envVarNameRegExp = whole(envVarName);
const configMapKeyRegExp = whole(configMapKey);
const percentRegExp = whole(percent);
const httpPathRegExp = whole(httpPath);

const dns1123LabelMax = 63;
const dns1123SubdomainMax = 253;

const dns1123LabelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const dns1123SubdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const dns1035LabelMessage =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const qualifiedNameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelValueMessage =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const wildcardSubdomainMessage =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
const cIdentifierMessage =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
const httpHeaderNameMessage = "a valid HTTP header must consist of alphanumeric characters or '-'";
const envVarNameMessage =
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
const relaxedEnvVarNameMessage =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";
const configMapKeyMessage = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const percentMessage = "a valid percent string must be a numeric string followed by an ending '%'";

/** Whether the UTF-8 form of `value` is longer than `max` bytes, without encoding what cannot be. */
function exceeds(value: string, max: number): boolean {
  if (value.length > max) return true;
  return value.length * 3 > max && Buffer.byteLength(value) > max;
}

const tooLong = (max: number): string => `must be no more than ${max} bytes`;

/** `<message> (e.g. 'a',  or 'b', regex used for validation is '<pattern>')`, spaces as upstream has them. */
export function regexError(message: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

export function inclusiveRangeError(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

export function isDNS1123Label(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, dns1123LabelMax)) errors.push(tooLong(dns1123LabelMax));
  if (!dns1123LabelRegExp.test(value)) {
    errors.push(
      dns1123SubdomainRegExp.test(value)
        ? 'must not contain dots'
        : regexError(dns1123LabelMessage, dns1123Label, 'my-name', '123-abc'),
    );
  }
  return errors;
}

export function isDNS1123Subdomain(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, dns1123SubdomainMax)) errors.push(tooLong(dns1123SubdomainMax));
  if (!dns1123SubdomainRegExp.test(value)) {
    errors.push(regexError(dns1123SubdomainMessage, dns1123Subdomain, 'example.com'));
  }
  return errors;
}

export function isDNS1035Label(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, dns1123LabelMax)) errors.push(tooLong(dns1123LabelMax));
  if (!dns1035LabelRegExp.test(value)) {
    errors.push(regexError(dns1035LabelMessage, dns1035Label, 'my-name', 'abc-123'));
  }
  return errors;
}

export function isWildcardDNS1123Subdomain(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, dns1123SubdomainMax)) errors.push(tooLong(dns1123SubdomainMax));
  if (!wildcardSubdomainRegExp.test(value)) {
    errors.push(regexError(wildcardSubdomainMessage, wildcardSubdomain, '*.example.com'));
  }
  return errors;
}

/** A label key: `[<dns subdomain>/]<name>`. */
export function isQualifiedName(value: string): string[] {
  const errors: string[] = [];
  const parts = value.split('/');
  const explained = regexError(qualifiedNameMessage, qualifiedName, 'MyName', 'my.name', '123-abc');
  if (parts.length > 2) {
    return [`a qualified name ${explained} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts[parts.length - 1] ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') errors.push('prefix part must be non-empty');
    else errors.push(...isDNS1123Subdomain(prefix).map((text) => `prefix part ${text}`));
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (exceeds(name, dns1123LabelMax)) errors.push(`name part ${tooLong(dns1123LabelMax)}`);
  if (!qualifiedNameRegExp.test(name)) errors.push(`name part ${explained}`);
  return errors;
}

export function isValidLabelValue(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, dns1123LabelMax)) errors.push(tooLong(dns1123LabelMax));
  if (!labelValueRegExp.test(value)) {
    errors.push(regexError(labelValueMessage, labelValue, 'MyValue', 'my_value', '12345'));
  }
  return errors;
}

export function isValidPortName(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, 15)) errors.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function isCIdentifier(value: string): string[] {
  if (cIdentifierRegExp.test(value)) return [];
  return [regexError(cIdentifierMessage, cIdentifier, 'my_name', 'MY_NAME', 'MyName')];
}

function hasParentPrefix(value: string): string[] {
  if (value === '.') return [`must not be '.'`];
  if (value === '..') return [`must not be '..'`];
  return value.startsWith('..') ? [`must not start with '..'`] : [];
}

export function isEnvVarName(value: string): string[] {
  const errors = envVarNameRegExp.test(value)
    ? []
    : [regexError(envVarNameMessage, envVarName, 'my.env-name', 'MY_ENV.NAME', 'MyEnvName1')];
  return [...errors, ...hasParentPrefix(value)];
}

/** The rule of 1.34's pods: any printable ASCII but `=`. */
export function isRelaxedEnvVarName(value: string): string[] {
  const errors: string[] = [];
  if (value === '') errors.push('environment variable name must be non-empty');
  if (!/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) errors.push(relaxedEnvVarNameMessage);
  return errors;
}

/** Keys of ConfigMaps and Secrets. */
export function isConfigMapKey(value: string): string[] {
  const errors: string[] = [];
  if (exceeds(value, dns1123SubdomainMax)) errors.push(tooLong(dns1123SubdomainMax));
  if (!configMapKeyRegExp.test(value)) {
    errors.push(regexError(configMapKeyMessage, configMapKey, 'key.name', 'KEY_NAME', 'key-name'));
  }
  errors.push(...hasParentPrefix(value));
  return errors;
}

export function isHTTPHeaderName(value: string): string[] {
  return httpHeaderNameRegExp.test(value) ? [] : [regexError(httpHeaderNameMessage, httpHeaderName, 'X-Header-Name')];
}

export function isValidPercent(value: string): string[] {
  return percentRegExp.test(value) ? [] : [regexError(percentMessage, percent, '1%', '93%')];
}

/** What may follow the host in a URL. */
export function isHTTPPath(value: string): string[] {
  return httpPathRegExp.test(value) ? [] : [regexError('Invalid path', httpPath)];
}

export function isInRange(value: number, low: number, high: number): string[] {
  return value >= low && value <= high ? [] : [inclusiveRangeError(low, high)];
}

export const isValidPortNum = (port: number): string[] => isInRange(port, 1, 65535);
export const isValidUserID = (uid: number): string[] => isInRange(uid, 0, 2147483647);
export const isValidGroupID = (gid: number): string[] => isInRange(gid, 0, 2147483647);

/** What may stand as one segment of an API path: any name must pass this before stricter rules. */
export function isValidPathSegmentName(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
}

/** As {@link isValidPathSegmentName}, for the beginning of a name that something is appended to. */
export function isValidPathSegmentPrefix(value: string): string[] {
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
}

export { generateName, randomSuffix, safeEncode } from './generate-name.js';
export { isValidCIDR, isValidIP, isValidIPv4Address, isValidIPv6Address } from './ip.js';
