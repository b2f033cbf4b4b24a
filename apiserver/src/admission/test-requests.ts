/** Admission requests for unit tests. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { AdmissionPlugin, AdmissionRequest, UserInfo } from '../contracts.js';

export interface TestRequest extends AdmissionRequest {
  /** What plugins have warned about. */
  warnings: string[];
}

interface Given {
  operation?: AdmissionRequest['operation'];
  subresource?: string;
  namespace?: string;
  name?: string;
  object?: object;
  old?: object;
  user?: UserInfo;
  dryRun?: boolean;
}

/** `resource` is `pods` or `roles.rbac.authorization.k8s.io`. */
export function testRequest(resource: string, given: Given = {}): TestRequest {
  const dot = resource.indexOf('.');
  const plural = dot < 0 ? resource : resource.slice(0, dot);
  const group = dot < 0 ? '' : resource.slice(dot + 1);
  const object = given.object as UnstructuredObject | undefined;
  const warnings: string[] = [];
  return {
    operation: given.operation ?? 'CREATE',
    definition: { group, plural, storagePath: plural } as ResourceDefinition,
    subresource: given.subresource ?? '',
    namespace: given.namespace,
    name: given.name ?? object?.metadata?.name ?? '',
    ...(object ? { object } : {}),
    ...(given.old ? { oldObject: given.old as UnstructuredObject } : {}),
    user: given.user ?? { name: 'jane', groups: [] },
    dryRun: given.dryRun ?? false,
    warn: (message) => warnings.push(message),
    warnings,
  };
}

/** Both phases of one plugin. Resolves with the message of the refusal, or with an empty string. */
export async function runPlugin(plugin: AdmissionPlugin, request: AdmissionRequest): Promise<string> {
  try {
    await plugin.admit?.(request);
    await plugin.validate?.(request);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
