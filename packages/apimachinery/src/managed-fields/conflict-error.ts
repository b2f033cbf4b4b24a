/** The answer to an apply that would change what others own. */

import { StatusError } from '../status-error.js';
import type { Owners } from './managers.js';
import type { Conflict } from './ownership.js';
import { formatPath } from './path-element.js';

/** `"kubectl-edit" using apps/v1`, `"x" with subresource "status" using v1`; appliers go by name alone. */
function describeOwner(owners: Owners, id: string): string {
  const owner = owners.get(id);
  if (!owner) return JSON.stringify(id);
  const name = JSON.stringify(owner.manager);
  const where = owner.subresource === '' ? name : `${name} with subresource ${JSON.stringify(owner.subresource)}`;
  return owner.operation === 'Update' ? `${where} using ${owner.apiVersion}` : where;
}

function conflictMessage(owners: Owners, conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (conflicts.length === 1 && only) {
    const who = describeOwner(owners, only.ownerId);
    return `Apply failed with 1 conflict: conflict with ${who}: ${formatPath(only.path)}`;
  }
  const lines: string[] = [];
  let current: string | undefined;
  for (const { ownerId, path } of conflicts) {
    if (ownerId !== current) lines.push(`conflicts with ${describeOwner(owners, ownerId)}:`);
    current = ownerId;
    lines.push(`- ${formatPath(path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** 409 with a cause per field. `conflicts` must be grouped by owner. */
export function applyConflict(owners: Owners, conflicts: readonly Conflict[]): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: conflictMessage(owners, conflicts),
    details: {
      causes: conflicts.map(({ ownerId, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${describeOwner(owners, ownerId)}`,
        field: formatPath(path),
      })),
    },
  });
}
