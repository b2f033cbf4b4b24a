/** A deployment, and the ways it is written, for the tests of apply. */

import type { JsonObject } from '../json.js';
import { deploymentSchema } from '../schema-fixture.js';
import { StatusError } from '../status-error.js';
import { type ApplyOptions, type ApplyResult, applyServerSide } from './apply.js';
import { updateManagedFields } from './update.js';

export const schema = deploymentSchema();
export const apiVersion = 'test/v1';
export const kind = 'Deployment';
export const t0 = '2024-01-01T00:00:00Z';
export const t1 = '2024-01-01T00:01:00Z';

export const deployment = (content: object): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'default' },
  ...content,
});

export const withPod = (spec: object): JsonObject => deployment({ spec: { template: { spec } } });

export function apply(
  live: object | undefined,
  applied: object,
  manager = 'me',
  extra: Partial<ApplyOptions> = {},
): ApplyResult {
  return applyServerSide({ schema, live, applied, manager, force: false, apiVersion, kind, time: t0, ...extra });
}

/** A plain update by `manager`. */
export function update(live: JsonObject | undefined, next: JsonObject, manager: string, time = t0): JsonObject {
  const managedFields = updateManagedFields({ schema, old: live, new: next, manager, apiVersion, time });
  return { ...next, metadata: { ...(next['metadata'] as object), managedFields } };
}

export function failure(action: () => unknown): StatusError {
  try {
    action();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('did not throw');
}

export function ownedBy(object: JsonObject, manager: string): unknown {
  const { managedFields } = object['metadata'] as { managedFields?: { manager: string; fieldsV1: unknown }[] };
  return managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;
}

export const specOf = (object: JsonObject): unknown => object['spec'];
