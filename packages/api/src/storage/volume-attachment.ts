/** storage.k8s.io/v1 VolumeAttachment. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain } from '@kubelab/apimachinery/names';
import { ageColumn, column, nameColumn } from '../columns.js';
import { defineKind, editSubresource } from '../define-kind.js';
import { storageV1 } from '../group-versions.js';
import { keepStatus } from '../status.js';
import type { VolumeAttachment } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateImmutable, validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

function validate(object: VolumeAttachment): FieldError[] {
  const errors = validateObjectMeta(object.metadata, { namespaced: false, name: dnsSubdomainName });
  const { attacher, nodeName, source } = object.spec;
  if (!attacher) errors.push(required('spec.attacher'));
  else errors.push(...validateWith(isDNS1123Subdomain, attacher.toLowerCase(), 'spec.attacher'));
  const { inlineVolumeSpec, persistentVolumeName } = source ?? {};
  if (inlineVolumeSpec && persistentVolumeName) {
    errors.push(
      invalid('spec.source', source, 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'),
    );
  }
  if (!inlineVolumeSpec && !persistentVolumeName) {
    errors.push(required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
  }
  errors.push(...validateWith(isDNS1123Subdomain, nodeName, 'spec.nodeName'));
  return errors;
}

const about = (field: string): string => `io.k8s.api.storage.v1.VolumeAttachmentSpec#${field}`;

export const volumeAttachment = defineKind<VolumeAttachment>({
  in: storageV1,
  kind: 'VolumeAttachment',
  clusterScoped: true,
  storagePath: 'volumeattachments',
  subresources: { status: editSubresource },
  columns: [
    nameColumn<VolumeAttachment>(),
    column<VolumeAttachment>('Attacher', about('attacher'), ({ spec }) => spec.attacher, { format: 'name' }),
    column<VolumeAttachment>(
      'PV',
      'io.k8s.api.storage.v1.VolumeAttachmentSource#persistentVolumeName',
      ({ spec }) => spec.source?.persistentVolumeName ?? '',
    ),
    column<VolumeAttachment>('Node', about('nodeName'), ({ spec }) => spec.nodeName),
    column<VolumeAttachment>(
      'Attached',
      'io.k8s.api.storage.v1.VolumeAttachmentStatus#attached',
      ({ status }) => status?.attached ?? false,
      { type: 'boolean' },
    ),
    ageColumn<VolumeAttachment>(),
  ],
  hooks: {
    default(object) {
      object.spec ??= { attacher: '', nodeName: '', source: {} };
      object.spec.source ??= {};
    },
    prepareForCreate(object) {
      object.status = { attached: false };
    },
    prepareForUpdate: keepStatus,
    prepareForStatusUpdate(object, old) {
      object.spec = old.spec;
    },
    validate,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object, old),
      ...validate(object),
      ...validateImmutable(object.spec, old.spec, 'spec'),
    ],
  },
});
