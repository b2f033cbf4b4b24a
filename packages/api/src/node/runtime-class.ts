/** node.k8s.io/v1 RuntimeClass. */
import type { FieldError } from '@kubelab/apimachinery/field-error';
import { isDNS1123Label } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { nodeV1 } from '../group-versions.js';
import { validateTolerations } from '../pod/validation/scheduling.js';
import type { RuntimeClass } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { validateLabels } from '../validation/labels.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const validate = (object: RuntimeClass): FieldError[] => [
  ...validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName }),
  ...validateWith(isDNS1123Label, object.handler ?? '', 'handler'),
  ...validateLabels(object.scheduling?.nodeSelector, 'scheduling.nodeSelector'),
  ...validateTolerations(object.scheduling?.tolerations, 'scheduling.tolerations'),
];

export const runtimeClass = defineKind<RuntimeClass>({
  in: nodeV1,
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  clusterScoped: true,
  storagePath: 'runtimeclasses',
  columns: [
    nameColumn<RuntimeClass>(),
    column<RuntimeClass>('Handler', 'io.k8s.api.node.v1.RuntimeClass#handler', (object) => object.handler ?? ''),
    ageColumn<RuntimeClass>(),
  ],
  hooks: {
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...validateImmutable(object.handler, old.handler, 'handler'),
    ],
  },
});
