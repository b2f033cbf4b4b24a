/** Building blocks of printer columns, shared by all kinds. */
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { humanDuration } from '@kubelab/apimachinery/time';
import type { KindColumn } from './define-kind.js';
import { describe } from './definitions.js';
import type { PrinterColumn } from './resource.js';
import type { Container, LabelSelector } from './types.js';

type Cell<T extends KubeObject> = KindColumn<T>['cell'];

interface ColumnOptions {
  readonly type?: PrinterColumn['type'];
  readonly format?: string;
  /** Only in `-o wide`. */
  readonly wide?: boolean;
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/**
 * `about` is the text of the column, or `definition#field` to take upstream's text on that field: read only when a table is asked for, since
 * the descriptions are large.
 */
export function column<T extends KubeObject>(
  name: string,
  about: string,
  cell: Cell<T>,
  options: ColumnOptions = {},
): KindColumn<T> {
  const [definition = '', field] = about.split('#');
  return {
    name,
    type: options.type ?? 'string',
    format: options.format ?? '',
    get description() {
      return field === undefined ? about : describe(definition, field);
    },
    priority: options.wide ? 1 : 0,
    cell,
  };
}

export const wide: ColumnOptions = { wide: true };

export function nameColumn<T extends KubeObject>(
  cell: Cell<T> = (object) => object.metadata.name ?? '',
  options: ColumnOptions = {},
): KindColumn<T> {
  return column<T>('Name', `${objectMeta}#name`, cell, { ...options, format: 'name' });
}

export function ageColumn<T extends KubeObject>(): KindColumn<T> {
  return column<T>('Age', `${objectMeta}#creationTimestamp`, (object, { now }) =>
    since(object.metadata.creationTimestamp, now),
  );
}

/** What upstream shows of kinds that have no columns of their own. */
export function plainColumns<T extends KubeObject>(): KindColumn<T>[] {
  return [
    nameColumn<T>(),
    column<T>('Created At', `${objectMeta}#creationTimestamp`, (object) => object.metadata.creationTimestamp, {
      type: 'date',
    }),
  ];
}

/** `5m12s`; `<unknown>` without a time. */
export function since(timestamp: string | undefined | null, now: Date): string {
  if (!timestamp) return '<unknown>';
  return humanDuration(now.getTime() - Date.parse(timestamp));
}

/** Columns on the containers of a pod template, wide ones unless told otherwise. */
export function containerColumns<T extends KubeObject>(
  containersOf: (object: T) => readonly Container[] | undefined,
  options: ColumnOptions = wide,
): KindColumn<T>[] {
  const join = (object: T, field: 'name' | 'image'): string =>
    (containersOf(object) ?? []).map((container) => container[field] ?? '').join(',');
  return [
    column<T>('Containers', 'Names of each container in the template.', (object) => join(object, 'name'), options),
    column<T>(
      'Images',
      'Images referenced by each container in the template.',
      (object) => join(object, 'image'),
      options,
    ),
  ];
}

/** `a=b,c=d` sorted by key; `<none>` when empty. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
  return text || '<none>';
}

/** Upstream's metav1.FormatLabelSelector: `<none>` for a selector that selects everything or nothing. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  return selectorText(selector) || '<none>';
}

/** Upstream's Selector.String(): terms sorted by key, empty for everything. */
export function selectorText(selector: LabelSelector | undefined): string {
  const terms: [string, string][] = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => [
    key,
    `${key}=${value}`,
  ]);
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    terms.push([key, expressionText(key, operator, values ?? [])]);
  }
  return terms
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',');
}

function expressionText(key: string, operator: string, values: readonly string[]): string {
  const list = [...values].sort().join(',');
  switch (operator) {
    case 'In':
      return `${key} in (${list})`;
    case 'NotIn':
      return `${key} notin (${list})`;
    case 'Exists':
      return key;
    default:
      return `!${key}`;
  }
}

/** At most `max` items, then ` + 3 more...`. */
export function listWithMore(items: readonly string[], max: number): string {
  const shown = items.slice(0, max).join(',');
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}
