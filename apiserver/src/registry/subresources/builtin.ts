/** The subresources of built-in kinds that the engine itself serves, together with those that others bring. */

import { builtinKind } from '../decode.js';
import type { Engine } from '../engine.js';
import { createBindingHandler } from './binding.js';
import { createEvictionHandler } from './eviction.js';
import { scaleView } from './scale.js';
import type { Action, ParentView, Subresources } from './subresources.js';

/** `others` are the actions of other parts of the server: token requests, access reviews. */
export function builtinSubresources(engine: Engine, others: ReadonlyMap<string, Action>): Subresources {
  const scale = scaleView({ labelSet: false });
  const views = new Map<string, ParentView>([
    ['deployments.apps/scale', scale],
    ['replicasets.apps/scale', scale],
    ['statefulsets.apps/scale', scale],
    ['replicationcontrollers/scale', scaleView({ labelSet: true })],
  ]);
  const actions = new Map<string, Action>(others);
  const pods = engine.resources.byGroupResource({ group: '', resource: 'pods' });
  if (pods) {
    const binding = { expected: builtinKind('', 'v1', 'Binding'), handler: createBindingHandler(engine, pods) };
    actions.set('pods/binding', binding);
    actions.set('bindings', binding);
    const expected = builtinKind('policy', 'v1', 'Eviction');
    actions.set('pods/eviction', { expected, handler: createEvictionHandler(engine, pods) });
  }
  return { views, actions };
}
