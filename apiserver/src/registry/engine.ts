/** What every write goes through, and the requests it is made of. */

import type { Clock } from '@kubelab/component/clock';
import type { AdmissionPlugin, AdmissionRequest, Authorizer, StorageHook, UserInfo } from '../contracts.js';
import type { WriteOptions } from './options.js';
import type { Resource, Resources } from './resources.js';

export interface Engine {
  resources: Resources;
  /** In upstream's order; all `admit` run before validation, all `validate` after it. */
  admission: readonly AdmissionPlugin[];
  storageHooks: readonly StorageHook[];
  /** Asked again when an update or an apply turns out to be a creation. */
  authorizer: Authorizer;
  clock: Clock;
}

/** A create, update or patch as it came in, without its body. */
export interface WriteRequest {
  resource: Resource;
  /** Empty for the resource itself. */
  subresource: string;
  namespace: string | undefined;
  /** From the path; empty for POST. */
  name: string;
  user: UserInfo;
  userAgent: string;
  options: WriteOptions;
  warn(message: string): void;
}

type AdmissionSubject = Pick<AdmissionRequest, 'operation' | 'name' | 'object' | 'oldObject'>;

export function admissionRequest(request: WriteRequest, subject: AdmissionSubject): AdmissionRequest {
  return {
    definition: request.resource.definition,
    subresource: request.subresource,
    namespace: request.namespace,
    user: request.user,
    dryRun: request.options.dryRun,
    warn: request.warn,
    ...subject,
  };
}

export async function admit(engine: Engine, request: AdmissionRequest): Promise<void> {
  for (const plugin of engine.admission) await plugin.admit?.(request);
}

export async function validateAdmission(engine: Engine, request: AdmissionRequest): Promise<void> {
  for (const plugin of engine.admission) await plugin.validate?.(request);
}

export function storageHookFor(engine: Engine, resource: Resource): StorageHook | undefined {
  const { group, resource: plural } = resource.groupResource;
  return engine.storageHooks.find((hook) => hook.resource.group === group && hook.resource.resource === plural);
}
