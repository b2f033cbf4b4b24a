import type { KubeClient } from '@kubelab/client/client';
import type { Clock } from '@kubelab/component/clock';
import type Docker from 'dockerode';
import type { Compose } from '../compose/compose.js';
import type { BaseImages } from '../images/base-image.js';
import type { LabImages } from '../images/lab-images.js';
import type { Lab } from '../lab/lab.js';
import type { LabFacts, LabSettings } from '../lab/settings.js';

/** What the steps of `up` know and find out for those after them. */
export interface UpContext {
  readonly lab: Lab;
  readonly settings: LabSettings;
  readonly clock: Clock;
  /** For each wait. */
  readonly timeoutMs: number;
  /** Fingerprint of the last successful `up`. */
  readonly applied: string | undefined;
  /** What `down` has to know later, also when this `up` fails. */
  readonly remember: (facts: LabFacts) => void;
  /** What was changed, in words; empty at the end: nothing. */
  readonly changes: string[];
  found: Partial<Findings>;
}

export interface Findings {
  docker: Docker;
  bases: BaseImages;
  images: LabImages;
  /** Archive of images that stand in for Docker Hub's. */
  everydayArchive: string;
  compose: Compose;
  fingerprint: string;
  /** Their machines are gone, their Node objects not yet. */
  removedNodes: readonly string[];
  client: KubeClient;
}

/** What an earlier step must have found. */
export function found<K extends keyof Findings>(context: UpContext, what: K): Findings[K] {
  const value = context.found[what];
  if (value === undefined) throw new Error(`the step that finds ${what} has not run`);
  return value as Findings[K];
}
