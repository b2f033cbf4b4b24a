/** The scale subresource: autoscaling/v1 Scale as a view on kinds that have spec.replicas. */

import { builtinDefinitions } from '@kubelab/api/definitions';
import { invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import { type LabelSelector, selectorFromLabelSelector, selectorFromSet } from '@kubelab/apimachinery/labels';
import { schemaFromOpenApi } from '@kubelab/apimachinery/openapi-schema';
import { builtinKind } from '../decode.js';
import type { ParentView } from './subresources.js';

interface Scalable {
  spec?: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
}

const nonZero = (replicas: number | undefined): { replicas?: number } => (replicas ? { replicas } : {});

/** `selector` is a LabelSelector, or a plain set of labels (`labelSet`) for replication controllers. */
export function scaleView({ labelSet }: { labelSet: boolean }): ParentView {
  return {
    expected: builtinKind('autoscaling', 'v1', 'Scale'),
    get typeSchema() {
      return schemaFromOpenApi(builtinDefinitions(), 'io.k8s.api.autoscaling.v1.Scale');
    },
    read(parent) {
      const { spec, status } = parent as unknown as Scalable;
      const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata;
      const selector = labelSet
        ? selectorFromSet(spec?.selector as Record<string, string> | undefined)
        : selectorFromLabelSelector(spec?.selector as LabelSelector | undefined);
      return {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
        spec: nonZero(spec?.replicas),
        // Go's int32 in a status is never left out.
        status: { replicas: status?.replicas ?? 0, selector: selector.toString() },
      };
    },
    configurationOf(view, parent) {
      const { name, namespace } = view.metadata;
      return {
        apiVersion: parent.apiVersion,
        kind: parent.definition.kind,
        metadata: { name, ...(namespace ? { namespace } : {}) },
        spec: { replicas: (view as unknown as Scalable).spec?.replicas ?? 0 },
      };
    },
    write(parent, view) {
      const replicas = (view as unknown as Scalable).spec?.replicas ?? 0;
      if (replicas < 0) {
        const error = invalid('spec.replicas', replicas, 'must be greater than or equal to 0');
        throw invalidObject({ group: 'autoscaling', kind: 'Scale' }, parent.metadata.name, [error]);
      }
      parent['spec'] = { ...(parent as unknown as Scalable).spec, replicas } satisfies Scalable['spec'];
    },
  };
}
