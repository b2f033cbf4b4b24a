/** Pure: which container events happened between two looks at the engine. */
import type { ContainerEventType } from '@kubelab/proto/generated/runtime-v1';

export type Phase = 'created' | 'running' | 'stopped';

/** Container ID to phase. */
export type Phases = ReadonlyMap<string, Phase>;

export interface Change {
  id: string;
  type: ContainerEventType;
}

const steps: Readonly<Record<Phase, readonly ContainerEventType[]>> = {
  created: ['CONTAINER_CREATED_EVENT'],
  running: ['CONTAINER_CREATED_EVENT', 'CONTAINER_STARTED_EVENT'],
  stopped: ['CONTAINER_CREATED_EVENT', 'CONTAINER_STARTED_EVENT', 'CONTAINER_STOPPED_EVENT'],
};

/** In the order in which they must have happened, for each container. */
export function changesBetween(before: Phases, after: Phases): Change[] {
  const changes: Change[] = [];
  for (const [id, phase] of after) {
    const known = before.get(id);
    for (const type of steps[phase].slice(known ? steps[known].length : 0)) changes.push({ id, type });
  }
  for (const [id, phase] of before) {
    if (after.has(id)) continue;
    if (phase === 'running') changes.push({ id, type: 'CONTAINER_STOPPED_EVENT' });
    changes.push({ id, type: 'CONTAINER_DELETED_EVENT' });
  }
  return changes;
}

export function phaseOf(engineState: string): Phase {
  if (engineState === 'created') return 'created';
  return engineState === 'running' || engineState === 'paused' || engineState === 'restarting' ? 'running' : 'stopped';
}

/** The phase after an engine event, undefined for one that is none of ours; null when the container is gone. */
export function phaseAfter(action: string): Phase | null | undefined {
  switch (action) {
    case 'create':
      return 'created';
    case 'start':
      return 'running';
    case 'die':
      return 'stopped';
    case 'destroy':
      return null;
    default:
      return undefined;
  }
}
