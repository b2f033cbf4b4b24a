/** Whether some rules give at least what other rules give. Pure. */

import type { PolicyRule } from '@kubelab/api/types';
import { matchesUrl } from './rules.js';

/** Those of `wanted` (broken down to single verbs and resources) that no rule in `owned` covers. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((single) => !owned.some((rule) => covers(rule, single)));
}

/** One rule per combination of verb, group, resource and name, or of verb and URL. */
export function breakDown(rule: PolicyRule): PolicyRule[] {
  const single: PolicyRule[] = [];
  for (const verb of rule.verbs ?? []) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const base = { apiGroups: [group], resources: [resource], verbs: [verb] };
        const names = rule.resourceNames ?? [];
        if (names.length === 0) single.push(base);
        else single.push(...names.map((name) => ({ ...base, resourceNames: [name] })));
      }
    }
    for (const url of rule.nonResourceURLs ?? []) single.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return single;
}

function holds(owned: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  const list = owned ?? [];
  return list.includes('*') || (wanted ?? []).every((value) => list.includes(value));
}

function covers(owned: PolicyRule, wanted: PolicyRule): boolean {
  return (
    holds(owned.verbs, wanted.verbs) &&
    holds(owned.apiGroups, wanted.apiGroups) &&
    coversResources(owned, wanted) &&
    coversNames(owned, wanted) &&
    coversUrls(owned, wanted)
  );
}

function coversResources(owned: PolicyRule, wanted: PolicyRule): boolean {
  if (holds(owned.resources, wanted.resources)) return true;
  const list = owned.resources ?? [];
  return (wanted.resources ?? []).every((resource) => {
    const slash = resource.indexOf('/');
    return list.includes(resource) || (slash >= 0 && list.includes(`*/${resource.slice(slash + 1)}`));
  });
}

function coversNames(owned: PolicyRule, wanted: PolicyRule): boolean {
  const names = owned.resourceNames ?? [];
  if (names.length === 0) return true;
  const asked = wanted.resourceNames ?? [];
  return asked.length > 0 && asked.every((name) => names.includes(name));
}

function coversUrls(owned: PolicyRule, wanted: PolicyRule): boolean {
  const list = owned.nonResourceURLs ?? [];
  return (wanted.nonResourceURLs ?? []).every((url) => list.some((own) => matchesUrl(own, url)));
}
