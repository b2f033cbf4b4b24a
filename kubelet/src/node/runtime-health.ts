import type { RuntimeCondition, StatusResponse } from '@kubelab/proto/generated/runtime-v1';

export interface RuntimeHealth {
  /** Undefined when pods can run. */
  runtimeProblem: string | undefined;
  /** Undefined when pods can get a network; in upstream's form without its prefix. */
  networkProblem: string | undefined;
}

export const unknownHealth: RuntimeHealth = {
  runtimeProblem: 'container runtime status check may not have completed yet',
  networkProblem: 'NetworkReady condition is not set',
};

export function healthOf(status: StatusResponse): RuntimeHealth {
  const conditions = status.status?.conditions ?? [];
  return {
    runtimeProblem: problemOf(conditions, 'RuntimeReady'),
    networkProblem: problemOf(conditions, 'NetworkReady'),
  };
}

function problemOf(conditions: RuntimeCondition[], type: string): string | undefined {
  const condition = conditions.find((item) => item.type === type);
  if (!condition) return `${type} condition is not set`;
  if (condition.status) return undefined;
  return `${type}=false reason:${condition.reason} message:${condition.message}`;
}

/** The sentences of the node's Ready condition. */
export function readyProblems(health: RuntimeHealth, pleg: string | undefined): string[] {
  const problems: string[] = [];
  if (health.runtimeProblem)
    problems.push(
      /=false /.test(health.runtimeProblem)
        ? `container runtime not ready: ${health.runtimeProblem}`
        : health.runtimeProblem,
    );
  if (pleg) problems.push(`PLEG is not healthy: ${pleg}`);
  if (health.networkProblem) problems.push(`container runtime network not ready: ${health.networkProblem}`);
  return problems;
}
