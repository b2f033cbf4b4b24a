/** Helpers of this package's tests: runs an object through a kind's hooks the way the engine does. */
import { type FieldError, formatFieldError } from '@kubelab/apimachinery/field-error';
import type { KubeObject, UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { ResourceDefinition } from './resource.js';
import { builtinSchema } from './schema-validation.js';

export const testNow = new Date('2024-05-01T12:00:00Z');

/** What a client may leave out. */
type Sparse = Record<string, unknown> & { metadata?: Record<string, unknown> };

/** Decoded and defaulted, with the metadata that a server adds. */
export function decoded<T extends KubeObject>(definition: ResourceDefinition, sparse: Sparse): T {
  const object = structuredClone({
    apiVersion: definition.group === '' ? definition.version : `${definition.group}/${definition.version}`,
    kind: definition.kind,
    ...sparse,
    metadata: {
      name: 'test',
      ...(definition.namespaced ? { namespace: 'default' } : {}),
      uid: '5f3a7c1e-0000-4000-8000-000000000001',
      resourceVersion: '1',
      creationTimestamp: '2024-05-01T11:00:00Z',
      ...sparse.metadata,
    },
  }) as unknown as UnstructuredObject;
  builtinSchema(definition.schema).conform(object);
  definition.hooks.default?.(object);
  return object as unknown as T;
}

/** As {@link decoded}, and made ready for creation. */
export function prepared<T extends KubeObject>(definition: ResourceDefinition, sparse: Sparse): T {
  const object = decoded<UnstructuredObject>(definition, sparse);
  definition.hooks.prepareForCreate?.(object, () => undefined);
  return object as unknown as T;
}

const texts = (errors: readonly FieldError[] | undefined): string[] => (errors ?? []).map(formatFieldError);

/** Messages of creating the object. */
export function createErrors(definition: ResourceDefinition, sparse: Sparse): string[] {
  return texts(definition.hooks.validate?.(prepared(definition, sparse)));
}

/** Messages of changing `before` into `after`. */
export function updateErrors(definition: ResourceDefinition, before: Sparse, after: Sparse): string[] {
  const old = prepared<UnstructuredObject>(definition, before);
  const object = decoded<UnstructuredObject>(definition, after);
  definition.hooks.prepareForUpdate?.(object, old);
  return texts(definition.hooks.validateUpdate?.(object, old));
}

/** The row that `kubectl get -o wide` shows: cells by column name. */
export function row(definition: ResourceDefinition, sparse: Sparse): Record<string, unknown> {
  const object = decoded<UnstructuredObject>(definition, sparse);
  return Object.fromEntries(definition.columns.map(({ name, cell }) => [name, cell(object, { now: testNow })]));
}
