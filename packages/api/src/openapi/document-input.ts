/** What documents are made from. */
import type { Definitions } from '../definitions.js';
import type { ResourceDefinition } from '../resource.js';

export interface DocumentInput {
  readonly resources: readonly ResourceDefinition[];
  /** With descriptions, by full name; may hold more than is needed. */
  readonly definitions: Definitions;
  /** Of custom kinds, in the words of each version; references are `#/definitions/...` in both. */
  readonly custom?: { readonly v2: Definitions; readonly v3: Definitions };
  /** Of the server: `v1.34.0`. */
  readonly version: string;
}

/** What the custom kinds among `resources` bring. */
export function customDefinitionsOf(resources: readonly ResourceDefinition[]): { v2: Definitions; v3: Definitions } {
  const v2: Record<string, object> = {};
  const v3: Record<string, object> = {};
  for (const { custom } of resources) {
    if (!custom) continue;
    Object.assign(v2, custom.definitions.v2);
    Object.assign(v3, custom.definitions.v3);
  }
  return { v2, v3 };
}

export type Json = Record<string, unknown>;

export interface GroupVersionName {
  readonly group: string;
  readonly version: string;
}

/** Each group and version of the resources once, in their order. */
export function groupVersionsOf(resources: readonly ResourceDefinition[]): GroupVersionName[] {
  const seen = new Map<string, GroupVersionName>();
  for (const { group, version } of resources) seen.set(`${group}/${version}`, { group, version });
  return [...seen.values()];
}

export const info = (version: string): Json => ({ title: 'Kubernetes', version });

export const bearerToken = {
  description: 'Bearer Token authentication',
  in: 'header',
  name: 'authorization',
  type: 'apiKey',
};
