/** DNS settings and host aliases of pods. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain, isValidIP } from '@kubelab/apimachinery/names';
import type { PodDNSConfig, PodSpec } from '../../types.js';
import { validateEach, validateEnum, validateWith } from '../../validation/fields.js';

const maxNameservers = 3;
const maxSearchPaths = 32;
const maxSearchLength = 2048;

export function validateDNSPolicy(policy: string | undefined, path: string): FieldError[] {
  return validateEnum(policy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], path);
}

export function validateDNSConfig(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const config = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (!config.nameservers?.length) {
      errors.push(required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
    }
  }
  return config ? [...errors, ...validateConfig(config, path)] : errors;
}

function validateConfig(config: PodDNSConfig, path: string): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = config;
  const errors: FieldError[] = [];
  if (nameservers.length > maxNameservers) {
    errors.push(invalid(`${path}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`));
  }
  errors.push(...validateEach(nameservers, `${path}.nameservers`, (server, at) => validateWith(isValidIP, server, at)));
  if (searches.length > maxSearchPaths) {
    errors.push(invalid(`${path}.searches`, searches, `must not have more than ${maxSearchPaths} search paths`));
  }
  if (searches.join(' ').length > maxSearchLength) {
    const why = `must not have more than ${maxSearchLength} characters (including spaces) in the search list`;
    errors.push(invalid(`${path}.searches`, searches, why));
  }
  errors.push(
    ...validateEach(searches, `${path}.searches`, (search, at) =>
      search === '.' ? [] : validateWith(isDNS1123Subdomain, search.replace(/\.$/, '').replaceAll('_', '-'), at),
    ),
  );
  errors.push(
    ...validateEach(options, `${path}.options`, (option, at) =>
      option.name ? [] : [required(at, 'must not be empty')],
    ),
  );
  return errors;
}

export function validateHostAliases(spec: PodSpec, path: string): FieldError[] {
  return validateEach(spec.hostAliases, path, (alias, at) => [
    ...validateWith(isValidIP, alias.ip ?? '', `${at}.ip`),
    ...validateEach(alias.hostnames, `${at}.hostnames`, (name) =>
      validateWith(isDNS1123Subdomain, name, `${at}.hostnames`),
    ),
  ]);
}
