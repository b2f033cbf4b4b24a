import type { LabelSelector } from '@kubelab/apimachinery/labels';
import type { KubeObject } from '@kubelab/apimachinery/meta';

export interface InformerHandlers<T> {
  onAdd?(object: T): void;
  /** Also called by a resync after a relist, then with equal resourceVersions. */
  onUpdate?(old: T, object: T): void;
  /** With the last known state. */
  onDelete?(object: T): void;
}

/** The cache's contents. Objects are shared: never change them, clone first. */
export interface Lister<T> {
  /** By objectKey: `namespace/name` or `name`. */
  get(key: string): T | undefined;
  /** All, or those of one namespace. */
  list(namespace?: string): T[];
  /** Objects for which the index function gave `value`. */
  byIndex(index: string, value: string): T[];
}

/** A local copy of a collection that is kept current by list and watch. */
export interface Informer<T extends KubeObject> extends Lister<T> {
  addHandlers(handlers: InformerHandlers<T>): void;
  /** Before start. `values` gives the index values of an object. */
  addIndex(name: string, values: (object: T) => string[]): void;
  start(signal: AbortSignal): void;
  hasSynced(): boolean;
  /** Resolves after the first complete list has been delivered; rejects when the signal aborts. */
  waitForSync(signal?: AbortSignal): Promise<void>;
}

export interface InformerOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Hold only apiVersion, kind and metadata. */
  metadataOnly?: boolean;
}

export type { LabelSelector };
