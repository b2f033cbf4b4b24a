/** How admission plugins refuse. */

import { forbidden, type StatusError } from '@kubelab/apimachinery/status-error';
import type { AdmissionRequest } from '../contracts.js';

/** 403 `pods "web-1" is forbidden: WHY`, with the name that the object has or is going to be derived from. */
export function refuse(request: AdmissionRequest, why: string): StatusError {
  const { group, plural } = request.definition;
  return forbidden({ group, resource: plural }, nameOf(request), why);
}

function nameOf(request: AdmissionRequest): string {
  return request.name || request.object?.metadata?.name || request.object?.metadata?.generateName || 'Unknown';
}

/** The text of several problems as Go's utilerrors.NewAggregate gives it. */
export function joinProblems(problems: readonly string[]): string {
  const unique = [...new Set(problems)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

/** True for `resource` (with `group`) itself, not for its subresources. */
export function isMain(request: AdmissionRequest, group: string, resource: string): boolean {
  return request.subresource === '' && isResource(request, group, resource);
}

export function isResource(request: AdmissionRequest, group: string, resource: string): boolean {
  return request.definition.group === group && request.definition.plural === resource;
}
