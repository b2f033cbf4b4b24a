/** events.k8s.io/v1 Event: the events of the core group under newer names. */
import { type FieldError, invalid, required } from '@kubelab/apimachinery/field-error';
import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { completeObject } from '../complete-object.js';
import { event as coreEvent } from '../core/event.js';
import { defineKind, type KindColumn } from '../define-kind.js';
import { eventsV1 } from '../group-versions.js';
import type { StoredForm } from '../resource.js';
import type { Event, EventsV1Event } from '../types.js';
import { validateImmutable } from '../validation/object-meta.js';

/** Fields that are called otherwise in the core group. */
const renamed: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const namesInCore = new Map(Object.entries(renamed));
const namesHere = new Map(Object.entries(renamed).map(([here, core]) => [core, here]));

function rename(object: UnstructuredObject, names: ReadonlyMap<string, string>): UnstructuredObject {
  const entries = Object.entries(deepClone(object)).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [names.get(key) ?? key, value])) as UnstructuredObject;
}

function toCore(object: UnstructuredObject): UnstructuredObject {
  const converted = { ...rename(object, namesInCore), apiVersion: 'v1' };
  coreEvent.hooks.default?.(converted);
  return converted;
}

const stored: StoredForm = {
  group: coreEvent.group,
  version: coreEvent.version,
  kind: coreEvent.kind,
  toStored: toCore,
  fromStored(object) {
    const converted = rename(object, namesHere);
    converted.apiVersion = 'events.k8s.io/v1';
    completeObject('events.k8s.io/v1', 'Event', converted);
    return converted;
  },
};

const inCore = (event: EventsV1Event): UnstructuredObject => toCore(event as unknown as UnstructuredObject);

const unset = (field: string): FieldError => invalid(field, '', 'needs to be unset');

/** What this version demands beyond the core group: no traces of the old style. */
function validateNewStyle(event: EventsV1Event): FieldError[] {
  const core = inCore(event) as unknown as Event;
  const errors: FieldError[] = [];
  if (core.series) {
    if ((core.series.count ?? 0) < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
    if (!core.series.lastObservedTime) errors.push(required('series.lastObservedTime'));
  }
  if (!core.eventTime) errors.push(required('eventTime'));
  if (core.type !== 'Normal' && core.type !== 'Warning') {
    errors.push(invalid('type', '', `has invalid value: ${core.type ?? ''}`));
  }
  if (core.firstTimestamp) errors.push(unset('firstTimestamp'));
  if (core.lastTimestamp) errors.push(unset('lastTimestamp'));
  if (core.count) errors.push(unset('count'));
  if (core.source?.component || core.source?.host) errors.push(unset('source'));
  return errors;
}

/** An event is a statement: only how often it was seen may change. */
const immutable = [
  'involvedObject',
  'reason',
  'message',
  'reportingComponent',
  'reportingInstance',
  'action',
  'related',
  'type',
  'eventTime',
] as const;

function validateUpdate(event: EventsV1Event, old: EventsV1Event): FieldError[] {
  const [now, before] = [inCore(event), inCore(old)];
  const changed = immutable.flatMap((field) => validateImmutable(now[field], before[field], field));
  return [...(coreEvent.hooks.validateUpdate?.(now, before) ?? []), ...changed];
}

const columns = coreEvent.columns.map((column) => ({
  ...column,
  get description() {
    return column.description;
  },
  cell: (event: EventsV1Event, context: { now: Date }) => column.cell(inCore(event), context),
})) as unknown as readonly KindColumn<EventsV1Event>[];

const coreField = (field: string): string =>
  field.replace(/^regarding\b/, 'involvedObject').replace(/^reportingController$/, 'reportingComponent');

export const eventOfEventsGroup = defineKind<EventsV1Event>({
  in: eventsV1,
  kind: 'Event',
  shortNames: ['ev'],
  storagePath: 'events',
  stored,
  columns,
  selectableFields: [
    'reason',
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reportingController',
    'type',
  ],
  ttlSeconds: 3600,
  hooks: {
    validate: (event) => [...(coreEvent.hooks.validate?.(inCore(event)) ?? []), ...validateNewStyle(event)],
    validateUpdate,
    fieldValue(event, field) {
      if (!field.startsWith('regarding.') && field !== 'reportingController') return undefined;
      let value: unknown = inCore(event);
      for (const step of coreField(field).split('.')) value = (value as Record<string, unknown> | undefined)?.[step];
      return value === undefined ? '' : String(value);
    },
  },
});
