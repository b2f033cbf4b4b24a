/** core/v1 ComponentStatus: computed when it is asked for, never stored. */
import { column, nameColumn } from '../columns.js';
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { ComponentCondition, ComponentStatus } from '../types.js';

const healthOf = ({ conditions }: ComponentStatus): ComponentCondition | undefined =>
  conditions?.find(({ type }) => type === 'Healthy');

function statusText(object: ComponentStatus): string {
  const status = healthOf(object)?.status;
  if (status === 'True') return 'Healthy';
  return status === 'False' ? 'Unhealthy' : 'Unknown';
}

export const componentStatus = defineKind<ComponentStatus>({
  in: coreV1,
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  clusterScoped: true,
  verbs: ['get', 'list'],
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn<ComponentStatus>(),
    column<ComponentStatus>('Status', 'Status of the component conditions', statusText),
    column<ComponentStatus>(
      'Message',
      'Message of the component conditions',
      (object) => healthOf(object)?.message ?? '',
    ),
    column<ComponentStatus>('Error', 'Error of the component conditions', (object) => healthOf(object)?.error ?? ''),
  ],
});
