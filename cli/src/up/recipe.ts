import type { Recipe } from '../progress/steps.js';
import type { UpContext } from './context.js';
import { containers } from './steps/containers.js';
import { engine } from './steps/engine.js';
import { baseImages, everydayArchive, labImages, oldImages } from './steps/images.js';
import { prerequisites } from './steps/prerequisites.js';
import { pushEveryday } from './steps/push-everyday.js';
import { apiServer, clusterDns, nodes } from './steps/readiness.js';
import { userContext } from './steps/user-kubeconfig.js';

/** All of `./kubelab up`, in order. Every step looks first and does only what is missing. */
export const upRecipe: Recipe<UpContext> = [
  prerequisites,
  engine,
  baseImages,
  labImages,
  everydayArchive,
  containers,
  { together: [apiServer, pushEveryday] },
  nodes,
  clusterDns,
  userContext,
  oldImages,
];
