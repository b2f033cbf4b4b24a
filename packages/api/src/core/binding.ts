/** core/v1 Binding: created to give a pod its node, never stored. */
import { defineKind } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import type { Binding } from '../types.js';

export const binding = defineKind<Binding>({
  in: coreV1,
  kind: 'Binding',
  hooks: {
    default(object) {
      object.target ??= {};
    },
  },
});
