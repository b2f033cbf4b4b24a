/** core/v1 Event. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { isDNS1123Subdomain, isQualifiedName } from '@kubelab/apimachinery/names';
import { column, nameColumn, since, wide } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { Event } from '../types.js';
import { validateWith } from '../validation/fields.js';
import { dnsSubdomainName } from '../validation/names.js';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.js';

const about = (field: string): string => `io.k8s.api.core.v1.Event#${field}`;
const maxText = 128;
const maxNote = 1024;

function firstSeen(event: Event, now: Date): string {
  return since(event.firstTimestamp ?? event.eventTime, now);
}

function lastSeen(event: Event, now: Date): string {
  if (event.series) return since(event.series.lastObservedTime, now);
  return event.lastTimestamp ? since(event.lastTimestamp, now) : firstSeen(event, now);
}

/** `pod/web-1`, or the kind alone for an object without a name. */
function target({ involvedObject: { kind = '', name } }: Event): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const instance = event.source?.host || event.reportingInstance;
  return instance ? `${component}, ${instance}` : component;
}

const columns = [
  column<Event>('Last Seen', about('lastTimestamp'), (event, { now }) => lastSeen(event, now)),
  column<Event>('Type', about('type'), (event) => event.type ?? ''),
  column<Event>('Reason', about('reason'), (event) => event.reason ?? ''),
  column<Event>('Object', about('involvedObject'), target),
  column<Event>(
    'Subobject',
    'io.k8s.api.core.v1.ObjectReference#fieldPath',
    (event) => event.involvedObject.fieldPath ?? '',
    wide,
  ),
  column<Event>('Source', about('source'), source, wide),
  column<Event>('Message', about('message'), (event) => (event.message ?? '').trim()),
  column<Event>('First Seen', about('firstTimestamp'), (event, { now }) => firstSeen(event, now), wide),
  column<Event>('Count', about('count'), (event) => event.series?.count ?? (event.count || 1), wide),
  nameColumn<Event>((object) => object.metadata.name ?? '', wide),
];

function validateEvent(event: Event): FieldError[] {
  return [
    ...validateObjectMeta(event.metadata, { namespaced: true, name: dnsSubdomainName }),
    ...(event.eventTime ? validateNewStyle(event) : validateOldStyle(event)),
    ...validateWith(isDNS1123Subdomain, event.metadata.namespace ?? '', 'namespace'),
  ];
}

const foreignNamespace = (event: Event): FieldError =>
  invalid('involvedObject.namespace', event.involvedObject.namespace ?? '', 'does not match event.namespace');

/** Events of cluster-scoped objects live in the namespace default, all others in their object's. */
function validateOldStyle(event: Event): FieldError[] {
  const own = event.metadata.namespace ?? '';
  const { namespace = '' } = event.involvedObject;
  if (namespace === '') return own === '' || own === 'default' ? [] : [foreignNamespace(event)];
  return own === namespace ? [] : [foreignNamespace(event)];
}

function validateNewStyle(event: Event): FieldError[] {
  const errors: FieldError[] = [];
  const own = event.metadata.namespace ?? '';
  if (!event.involvedObject.namespace && own !== 'default' && own !== 'kube-system')
    errors.push(foreignNamespace(event));
  if (!event.reportingComponent) errors.push(required('reportingComponent'));
  errors.push(...validateWith(isQualifiedName, event.reportingComponent ?? '', 'reportingComponent'));
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = event[field] ?? '';
    if (value === '') errors.push(required(field));
    if (value.length > maxText) errors.push(invalid(field, '', `can have at most ${maxText} characters`));
  }
  if ((event.message ?? '').length > maxNote) {
    errors.push(invalid('message', '', `can have at most ${maxNote} characters`));
  }
  return errors;
}

export const event = defineKind<Event>({
  in: coreV1,
  kind: 'Event',
  shortNames: ['ev'],
  storagePath: 'events',
  columns,
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  ttlSeconds: 3600,
  hooks: {
    default(object) {
      object.involvedObject ??= {};
      object.source ??= {};
    },
    validate: validateEvent,
    validateUpdate: (object, old) => [...validateObjectMetaUpdate(object, old), ...validateEvent(object)],
    fieldValue: (object, field) =>
      field === 'source' ? object.source?.component || object.reportingComponent || '' : undefined,
  },
});
