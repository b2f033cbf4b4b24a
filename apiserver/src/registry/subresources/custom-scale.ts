/** The scale subresource of a custom kind: its definition says where the numbers are. */

import { builtinDefinitions } from '@kubelab/api/definitions';
import type { CustomKind } from '@kubelab/api/resource';
import { invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import { isObject } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { schemaFromOpenApi } from '@kubelab/apimachinery/openapi-schema';
import { internalError } from '@kubelab/apimachinery/status-error';
import { builtinKind } from '../decode.js';
import type { ParentView } from './subresources.js';

type ScalePaths = NonNullable<CustomKind['scale']>;

export function customScaleView(paths: ScalePaths): ParentView {
  return {
    expected: builtinKind('autoscaling', 'v1', 'Scale'),
    get typeSchema() {
      return schemaFromOpenApi(builtinDefinitions(), 'io.k8s.api.autoscaling.v1.Scale');
    },
    read(parent) {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata;
      const wanted = valueAt(parent, paths.specReplicas);
      if (wanted === undefined) {
        throw internalError(new Error(`the spec replicas field ".${paths.specReplicas}" does not exist`));
      }
      const selector = paths.labelSelector === undefined ? undefined : valueAt(parent, paths.labelSelector);
      return {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
        spec: wanted ? { replicas: wanted } : {},
        status: {
          replicas: valueAt(parent, paths.statusReplicas) ?? 0,
          ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
        },
      };
    },
    configurationOf(view, parent) {
      const { name, namespace } = view.metadata;
      const configuration = {
        apiVersion: parent.apiVersion,
        kind: parent.definition.kind,
        metadata: { name, ...(namespace ? { namespace } : {}) },
      };
      setAt(configuration, paths.specReplicas, replicasOf(view));
      return configuration;
    },
    write(parent, view) {
      const replicas = replicasOf(view);
      if (replicas < 0) {
        const error = invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
        throw invalidObject({ group: 'autoscaling', kind: 'Scale' }, parent.metadata.name, [error]);
      }
      setAt(parent, paths.specReplicas, replicas);
    },
  };
}

const replicasOf = (view: UnstructuredObject): number =>
  (view['spec'] as { replicas?: number } | undefined)?.replicas ?? 0;

/** `.spec.labels['a.b']` has dots that do not part fields. */
const stepsOf = (path: string): string[] =>
  [...path.matchAll(/\['([^']+)'\]|[^.[\]]+/g)].map((match) => match[1] ?? match[0]);

function valueAt(object: UnstructuredObject, path: string): unknown {
  let value: unknown = object;
  for (const step of stepsOf(path)) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

function setAt(object: Record<string, unknown>, path: string, value: unknown): void {
  const steps = stepsOf(path);
  const last = steps.pop();
  let parent = object;
  for (const step of steps) {
    const child = Object.hasOwn(parent, step) ? parent[step] : undefined;
    const next = isObject(child) ? child : {};
    parent[step] = next;
    parent = next;
  }
  if (last !== undefined) parent[last] = value;
}
