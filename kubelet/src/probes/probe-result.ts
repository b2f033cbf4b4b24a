export type ProbeKind = 'Startup' | 'Readiness' | 'Liveness';
export type ProbeOutcome = 'Success' | 'Failure' | 'Unknown';

/** What the probes of a container have found so far. */
export interface ProbeResults {
  /** Undefined until the first result, and for a container without such a probe. */
  get(kind: ProbeKind, containerId: string): ProbeOutcome | undefined;
}

export const noProbeResults: ProbeResults = { get: () => undefined };
