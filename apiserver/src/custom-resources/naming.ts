/** Which names a CustomResourceDefinition gets, and what its conditions say about that. Pure. */

import {
  approvalCondition,
  findCondition,
  isConditionTrue,
  type NewCondition,
  setCondition,
} from '@kubelab/api/apiextensions/conditions';
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '@kubelab/api/types';
import { deepClone, deepEqual } from '@kubelab/apimachinery/json';

interface TakenNames {
  /** Plurals, singulars and short names. */
  resources: ReadonlySet<string>;
  /** Kinds and list kinds. */
  kinds: ReadonlySet<string>;
}

/** `definition` with its names and conditions brought up to date, itself when they are. `others` are the other definitions of its group. */
export function withNames(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): CustomResourceDefinition {
  const { names, conflict } = acceptNames(definition, takenBy(others));
  const next = deepClone(definition);
  next.status = { ...next.status, acceptedNames: names };
  setCondition(next, namesAccepted(conflict), now);
  const established = establishment(definition, conflict === undefined);
  if (established) setCondition(next, established, now);
  const approval = approvalCondition(definition);
  if (approval) setCondition(next, approval, now);
  return deepEqual(next, definition) ? definition : next;
}

interface Conflict {
  reason: string;
  message: string;
}

function namesAccepted(conflict: Conflict | undefined): NewCondition {
  if (conflict) return { type: 'NamesAccepted', status: 'False', ...conflict };
  return { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
}

/** Once established a kind stays so, whatever becomes of its other names. */
function establishment(definition: CustomResourceDefinition, accepted: boolean): NewCondition | undefined {
  if (isConditionTrue(definition, 'Established')) return undefined;
  if (accepted) {
    const message = 'the initial names have been accepted';
    return { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message };
  }
  if (findCondition(definition, 'Established')) return undefined;
  return { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

function takenBy(others: readonly CustomResourceDefinition[]): TakenNames {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const names = status?.acceptedNames;
    if (!names) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
}

/** Names that are free are taken, the others stay what they were; the last conflict is the one that is told. */
function acceptNames(
  { spec, status }: CustomResourceDefinition,
  taken: TakenNames,
): { names: CustomResourceDefinitionNames; conflict: Conflict | undefined } {
  const wanted = spec.names;
  const names: CustomResourceDefinitionNames = { kind: '', plural: '', ...status?.acceptedNames };
  let conflict: Conflict | undefined;
  const take = (
    field: 'kind' | 'listKind' | 'plural' | 'singular',
    among: ReadonlySet<string>,
    reason: string,
  ): void => {
    const name = wanted[field] ?? '';
    if (name !== names[field] && among.has(name)) conflict = { reason, message: inUse(name) };
    else names[field] = name;
  };
  take('plural', taken.resources, 'PluralConflict');
  take('singular', taken.resources, 'SingularConflict');
  const own = new Set(names.shortNames);
  const refused = (wanted.shortNames ?? []).filter((name) => !own.has(name) && taken.resources.has(name));
  if (refused.length > 0) {
    const texts = refused.map(inUse);
    const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
    conflict = { reason: 'ShortNamesConflict', message };
  } else if (wanted.shortNames) names.shortNames = wanted.shortNames;
  else delete names.shortNames;
  take('kind', taken.kinds, 'KindConflict');
  take('listKind', taken.kinds, 'ListKindConflict');
  if (wanted.categories) names.categories = wanted.categories;
  else delete names.categories;
  return { names, conflict };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
