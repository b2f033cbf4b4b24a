/** Custom kinds: what CustomResourceDefinitions ask for becomes part of the API. */

import type { CustomResourceDefinition } from '@kubelab/api/types';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { Engine } from '../registry/engine.js';
import type { Storage } from '../storage/store.js';
import { Catalogue } from './catalogue.js';
import { DefinitionController } from './controller.js';

export interface CustomResourcesOptions {
  engine: Engine;
  storage: Storage;
  clock: Clock;
  logger: Logger;
}

export interface CustomResources {
  stop(): Promise<void>;
}

/**
 * To be called when the definitions are in the cache. Resolves when the kinds of those that exist are served and their objects are
 * cached, too; later ones are served as their definitions come.
 */
export async function startCustomResources(options: CustomResourcesOptions): Promise<CustomResources> {
  const { resources } = options.engine;
  const store = resources.byGroupResource({
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
  })?.store;
  if (!store) return { stop: () => Promise.resolve() };
  const catalogue = new Catalogue(resources, options.storage);
  const controller = new DefinitionController({ ...options, store });
  const note = (object: unknown, gone: boolean): void => {
    const definition = object as CustomResourceDefinition;
    if (gone) catalogue.remove(definition);
    else catalogue.put(definition);
    controller.noteChange(definition);
  };
  const unsubscribe = store.onChange((type, entry) => note(entry.object, type === 'DELETED'));
  for (const entry of store.peekAll()) note(entry.object, false);
  await Promise.all(resources.all().map((resource) => resource.store?.ready()));
  return {
    async stop() {
      unsubscribe();
      await controller.stop();
    },
  };
}
