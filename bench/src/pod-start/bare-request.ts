/** What the host asks the measuring program inside a node, and what it answers; both as JSON. */

export interface BareRequest {
  /** Names of the containers begin with it. */
  prefix: string;
  pods: number;
  /** Pods that may be starting at the same time. */
  parallel: number;
  /** Milliseconds since the epoch at which all nodes begin. */
  startAt: number;
  image: string;
  command: readonly string[];
}

export interface BareSample {
  /** From the first request to the engine until the container ran. */
  ms: number;
  /** From `startAt` until the container ran: for many at once, where some wait for others. */
  sinceStartMs: number;
}

export interface BareAnswer {
  starts: BareSample[];
  /** Per pod, from the common start of all deletions on its node until nothing of it was left. */
  deletionMs: number[];
}

/** The docker shim's limit of containers that start at the same time, and so that of the comparison. */
export const parallelStarts = 3;
