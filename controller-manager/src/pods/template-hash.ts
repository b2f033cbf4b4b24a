/** The short name of a pod template, in the names and labels of what is made from it. Pure. */

import type { PodTemplateSpec } from '@kubelab/api/types';
import { safeEncode } from '@kubelab/apimachinery/generate-name';

/** FNV-1a of the template; `collisions` makes another name for the same template. */
export function templateHash(template: PodTemplateSpec, collisions: number): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${stableText(template)}${collisions > 0 ? collisions : ''}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return safeEncode(String(hash));
}

/** JSON with sorted keys: equal for equal templates however they were written. */
function stableText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableText(item)}`).join(',')}}`;
}
