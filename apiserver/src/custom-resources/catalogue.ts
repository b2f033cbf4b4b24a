/** Serves the kinds of CustomResourceDefinitions as soon as they are established, and as long as they exist. */

import { isConditionTrue } from '@kubelab/api/apiextensions/conditions';
import { customResources, customStoragePath, isUsable } from '@kubelab/api/custom/definition';
import type { ResourceDefinition } from '@kubelab/api/resource';
import type { CustomResourceDefinition } from '@kubelab/api/types';
import type { Resources } from '../registry/resources.js';
import type { Storage } from '../storage/store.js';

export class Catalogue {
  readonly #resources: Resources;
  readonly #storage: Storage;
  /** By name of the definition: what its kinds were made from, and where their objects lie. */
  readonly #served = new Map<string, { fingerprint: string; storagePath: string }>();

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
    const fingerprint = fingerprintOf(definition);
    if (this.#served.get(name)?.fingerprint === fingerprint) return;
    this.#served.set(name, { fingerprint, storagePath: customStoragePath(definition) });
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

/** Other changes of a definition change nothing about its kinds. */
function fingerprintOf(definition: CustomResourceDefinition): string {
  const { metadata, spec, status } = definition;
  return JSON.stringify([metadata.uid, spec, status?.acceptedNames, isConditionTrue(definition, 'Terminating')]);
}
