/** Serves the kinds of CustomResourceDefinitions as soon as they are established, and as long as they exist. */

import { isConditionTrue } from '@kubelab/api/apiextensions/conditions';
import { customResources, customStoragePath, isUsable } from '@kubelab/api/custom/definition';
import type { ResourceDefinition } from '@kubelab/api/resource';
import type { CustomResourceDefinition } from '@kubelab/api/types';
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { Resources } from '../registry/resources.js';
import type { Storage } from '../storage/store.js';

export class Catalogue {
  readonly #resources: Resources;
  readonly #storage: Storage;
  /** By name of the definition: what its kinds were made from. */
  readonly #served = new Map<string, { shape: string; terminating: boolean }>();

  constructor(resources: Resources, storage: Storage) {
    this.#resources = resources;
    this.#storage = storage;
  }

  put(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    const kinds = kindsOf(definition);
    if (kinds.length === 0) {
      this.#resources.replaceCustom(name, []);
      this.#served.delete(name);
      return;
    }
    const shape = shapeOf(definition);
    const terminating = isConditionTrue(definition, 'Terminating');
    const known = this.#served.get(name);
    if (known?.shape === shape && known.terminating === terminating) return;
    this.#served.set(name, { shape, terminating });
    // Whoever watches sees objects as they were to be seen when he began: he has to begin again.
    if (known && known.shape !== shape) this.#storage.release(customStoragePath(definition));
    this.#resources.replaceCustom(name, kinds);
  }

  /** The definition is gone: its kinds are, too. */
  remove(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    this.#served.delete(name);
    this.#resources.replaceCustom(name, []);
    if (isUsable(definition)) this.#storage.release(customStoragePath(definition));
  }
}

function kindsOf(definition: CustomResourceDefinition): ResourceDefinition[] {
  if (!isUsable(definition)) return [];
  const served = isConditionTrue(definition, 'NamesAccepted') || isConditionTrue(definition, 'Established');
  return served ? customResources(definition) : [];
}

/** Other changes of a definition change nothing about the form of its kinds. */
function shapeOf({ metadata, spec, status }: CustomResourceDefinition): string {
  return stringifyExact([metadata.uid, spec, status?.acceptedNames]);
}
