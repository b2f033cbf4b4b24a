/** What a single policy rule allows. Pure. */

import type { PolicyRule } from '@kubelab/api/types';
import type { AuthorizationAttributes } from '../../contracts.js';

/** A rule with its lists turned into sets, so that a decision does not walk them. */
export interface CompiledRule {
  readonly source: PolicyRule;
  allows(request: RuleRequest): boolean;
}

/** The part of a request that rules look at. */
export interface RuleRequest {
  verb: string;
  resourceRequest: boolean;
  path: string;
  apiGroup: string;
  /** `pods/log`. */
  combinedResource: string;
  // `*/log`: how a rule names a subresource of everything; empty without a subresource.
  anySubresource: string;
  name: string;
}

export function toRuleRequest(attributes: AuthorizationAttributes): RuleRequest {
  const { resource = '', subresource = '' } = attributes;
  return {
    verb: attributes.verb,
    resourceRequest: attributes.resourceRequest,
    path: attributes.path,
    apiGroup: attributes.apiGroup ?? '',
    combinedResource: subresource === '' ? resource : `${resource}/${subresource}`,
    anySubresource: subresource === '' ? '' : `*/${subresource}`,
    name: attributes.name ?? '',
  };
}

/** A list of allowed values; undefined stands for `*`. */
type Allowed = ReadonlySet<string> | undefined;

function allowedOf(values: readonly string[] | undefined): Allowed {
  return values?.includes('*') ? undefined : new Set(values ?? []);
}

function has(allowed: Allowed, value: string): boolean {
  return allowed === undefined || allowed.has(value);
}

export function compileRule(source: PolicyRule): CompiledRule {
  const verbs = allowedOf(source.verbs);
  const groups = allowedOf(source.apiGroups);
  const resources = allowedOf(source.resources);
  const names = new Set(source.resourceNames ?? []);
  const urls = source.nonResourceURLs ?? [];
  return {
    source,
    allows(request) {
      if (!has(verbs, request.verb)) return false;
      if (!request.resourceRequest) return urls.some((url) => matchesUrl(url, request.path));
      if (!has(groups, request.apiGroup)) return false;
      const known = has(resources, request.combinedResource);
      if (!known && !(request.anySubresource !== '' && has(resources, request.anySubresource))) return false;
      return names.size === 0 || names.has(request.name);
    },
  };
}

/** `/healthz`, `/healthz/*`, `*`. */
export function matchesUrl(rule: string, path: string): boolean {
  if (rule === '*' || rule === path) return true;
  if (!rule.endsWith('*')) return false;
  let end = rule.length;
  while (end > 0 && rule[end - 1] === '*') end--;
  return path.startsWith(rule.slice(0, end));
}

/** The rule as upstream prints it in messages: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`. */
export function formatRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = parts.filter(([, values]) => values !== undefined && values.length > 0);
  return `{${shown.map(([name, values]) => `${name}:${formatStrings(values ?? [])}`).join(', ')}}`;
}

/** A list of strings as Go's `%q`: `["a" "b"]`. */
export function formatStrings(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
