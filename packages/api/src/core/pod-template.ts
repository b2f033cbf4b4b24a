/** core/v1 PodTemplate. */
import type { FieldError } from '@kubelab/apimachinery/field-error';
import { column, containerColumns, formatLabels, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { defaultPodTemplate } from '../pod/defaults.js';
import { validatePodTemplate } from '../pod/validation/pod-spec.js';
import { workloadWarnings } from '../pod/warnings/pod-warnings.js';
import type { PodTemplate } from '../types.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

function validate(object: PodTemplate): FieldError[] {
  return [
    ...validateObjectMeta(object.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...validatePodTemplate(object.template ?? {}, 'template'),
  ];
}

export const podTemplate = defineKind<PodTemplate>({
  in: coreV1,
  kind: 'PodTemplate',
  storagePath: 'podtemplates',
  columns: [
    nameColumn<PodTemplate>(),
    ...containerColumns<PodTemplate>((object) => object.template?.spec?.containers, {}),
    column<PodTemplate>('Pod Labels', 'The labels for the pod template.', (object) =>
      formatLabels(object.template?.metadata?.labels),
    ),
  ],
  generation: true,
  hooks: {
    default(object) {
      object.template ??= {};
      defaultPodTemplate(object.template);
    },
    warnings: ({ metadata, template }, old) =>
      workloadWarnings({ now: metadata, old: old?.metadata }, template, 'template'),
    validate,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validate(object)],
  },
});
