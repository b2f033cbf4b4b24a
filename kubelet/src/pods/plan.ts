/**
 * What to do next for one pod, from its spec and what the runtime has of it: upstream's computePodActions. Pure; apply.ts carries it out. Containers
 * are named in the order in which they are to be started.
 */
import type { Container, Pod } from '@kubelab/api/types';
import { containerHash } from '../containers/sandbox-config.js';
import type { ProbeResults } from '../probes/probe-result.js';
import { findContainer, isRunning, type PodState, type RuntimeContainer } from '../runtime/pod-state.js';
import { type ContainerSpec, isSidecar, restartPolicyOf } from './pod.js';

export interface ContainerKill {
  id: string;
  name: string;
  /** For the event. */
  message: string;
  probe?: 'Liveness' | 'Startup';
}

export interface PodPlan {
  /** Stop everything that runs and the sandbox, before anything is started. */
  killPod: boolean;
  createSandbox: boolean;
  /** Number of the sandbox to create or to use. */
  attempt: number;
  /** The sandbox to use when none is created. */
  sandboxId: string | undefined;
  init: string[];
  app: string[];
  ephemeral: string[];
  kill: ContainerKill[];
}

export interface PlanInput {
  pod: Pod;
  state: PodState;
  probes: ProbeResults;
}

export function planPod({ pod, state, probes }: PlanInput): PodPlan {
  const sandbox = sandboxDecision(state);
  const plan: PodPlan = {
    killPod: sandbox.create && state.sandboxes.length > 0,
    createSandbox: sandbox.create,
    attempt: sandbox.attempt,
    sandboxId: sandbox.id,
    init: [],
    app: [],
    ephemeral: [],
    kill: [],
  };
  if (sandbox.create) return planNewSandbox(pod, state, plan);
  planEphemeral(pod, state, plan);
  const initialized = planInit(pod, inSandbox(state, sandbox.id), probes, plan);
  if (plan.killPod || !initialized) return plan;
  planApp(pod, state, probes, plan);
  return plan;
}

/** Only the newest sandbox counts, and only while it is the one that runs. */
export function sandboxDecision(state: PodState): { create: boolean; attempt: number; id: string | undefined } {
  const [newest] = state.sandboxes;
  if (!newest) return { create: true, attempt: 0, id: undefined };
  const ready = state.sandboxes.filter((sandbox) => sandbox.ready).length;
  if (ready > 1 || !newest.ready) return { create: true, attempt: newest.attempt + 1, id: undefined };
  return { create: false, attempt: newest.attempt, id: newest.id };
}

function planNewSandbox(pod: Pod, state: PodState, plan: PodPlan): PodPlan {
  const policy = restartPolicyOf(pod);
  if (policy === 'Never' && plan.attempt !== 0 && state.containers.length > 0) {
    return { ...plan, createSandbox: false, killPod: true };
  }
  const toStart = pod.spec.containers.filter((container) => policy !== 'OnFailure' || !hasSucceeded(container, state));
  if (toStart.length === 0) return { ...plan, createSandbox: false, killPod: true };
  const [firstInit] = pod.spec.initContainers ?? [];
  if (firstInit) plan.init = [firstInit.name];
  else plan.app = toStart.map((container) => container.name);
  return plan;
}

function hasSucceeded(container: Container, state: PodState): boolean {
  const status = findContainer(state, container.name);
  return status?.state === 'CONTAINER_EXITED' && status.exitCode === 0;
}

/** Init containers of an earlier sandbox have no say: initialization starts over with the sandbox. */
function inSandbox(state: PodState, sandboxId: string | undefined): PodState {
  return { ...state, containers: state.containers.filter((container) => container.sandboxId === sandboxId) };
}

function planEphemeral(pod: Pod, state: PodState, plan: PodPlan): void {
  plan.ephemeral = (pod.spec.ephemeralContainers ?? [])
    .filter((container) => findContainer(state, container.name) === undefined)
    .map((container) => container.name);
}

/** True when all init containers have done their part. Looks from the last to the first, because finished ones may have been removed. */
function planInit(pod: Pod, state: PodState, probes: ProbeResults, plan: PodPlan): boolean {
  const containers = pod.spec.initContainers ?? [];
  if (containers.length === 0) return true;
  const walk = { initialized: appHasStarted(pod, state), later: false, starts: [] as string[] };
  walk.later = walk.initialized;
  for (let index = containers.length - 1; index >= 0; index--) {
    const container = containers[index] as Container;
    const status = findContainer(state, container.name);
    if (!status) {
      if (walk.later && isSidecar(container)) walk.starts.push(container.name);
      continue;
    }
    if (walk.later && !isSidecar(container)) continue;
    const next = containers[index + 1]?.name;
    const verdict = isSidecar(container)
      ? judgeSidecar(container, status, probes, plan)
      : judgeInit(pod, container, status, plan);
    if (verdict === 'failed') {
      Object.assign(plan, { killPod: true, init: [] });
      return false;
    }
    if (verdict === 'restart') walk.starts.push(container.name);
    if (verdict === 'done' && next === undefined) walk.initialized = true;
    if (verdict === 'done' && next !== undefined && !walk.later) walk.starts.push(next);
    walk.later = true;
  }
  if (!walk.later) walk.starts.push((containers[0] as Container).name);
  plan.init = walk.starts.reverse();
  return walk.initialized;
}

function appHasStarted(pod: Pod, state: PodState): boolean {
  return pod.spec.containers.some((container) => {
    const status = findContainer(state, container.name);
    return (
      status?.state === 'CONTAINER_RUNNING' ||
      status?.state === 'CONTAINER_CREATED' ||
      status?.state === 'CONTAINER_EXITED'
    );
  });
}

type InitVerdict = 'wait' | 'restart' | 'done' | 'failed';

function judgeInit(pod: Pod, container: Container, status: RuntimeContainer, plan: PodPlan): InitVerdict {
  const mayRestart = restartPolicyOf(pod) !== 'Never';
  switch (status.state) {
    case 'CONTAINER_CREATED':
      return 'restart';
    case 'CONTAINER_RUNNING':
      return 'wait';
    case 'CONTAINER_EXITED':
      if (status.exitCode === 0) return 'done';
      return mayRestart ? 'restart' : 'failed';
    case 'CONTAINER_UNKNOWN':
      if (!mayRestart) return 'failed';
      killUnknown(container, status, plan);
      return 'restart';
  }
}

function judgeSidecar(
  container: Container,
  status: RuntimeContainer,
  probes: ProbeResults,
  plan: PodPlan,
): InitVerdict {
  if (status.state === 'CONTAINER_UNKNOWN') killUnknown(container, status, plan);
  if (!isRunning(status)) return 'restart';
  const kill = killReason(`Init container ${container.name}`, container, status, probes);
  if (kill) {
    plan.kill.push({ id: status.id, name: container.name, ...kill });
    return 'restart';
  }
  if (container.startupProbe && probes.get('Startup', status.id) !== 'Success') return 'wait';
  return 'done';
}

function killUnknown(container: ContainerSpec, status: RuntimeContainer, plan: PodPlan): void {
  const message = 'Container is in "unknown" state, try killing it before restart';
  plan.kill.push({ id: status.id, name: container.name, message });
}

function killReason(
  title: string,
  container: ContainerSpec,
  status: RuntimeContainer,
  probes: ProbeResults,
): Pick<ContainerKill, 'message' | 'probe'> | undefined {
  // A container made by something that left no hash is taken as it is.
  if (status.hash !== '' && status.hash !== containerHash(container)) return { message: `${title} definition changed` };
  if (probes.get('Liveness', status.id) === 'Failure')
    return { message: `${title} failed liveness probe`, probe: 'Liveness' };
  if (probes.get('Startup', status.id) === 'Failure')
    return { message: `${title} failed startup probe`, probe: 'Startup' };
  return undefined;
}

function planApp(pod: Pod, state: PodState, probes: ProbeResults, plan: PodPlan): void {
  let kept = 0;
  for (const container of pod.spec.containers) {
    const status = findContainer(state, container.name);
    if (!status || !isRunning(status)) {
      if (!shouldRestart(pod, container, state)) continue;
      plan.app.push(container.name);
      if (status?.state === 'CONTAINER_UNKNOWN') killUnknown(container, status, plan);
      continue;
    }
    const kill = killReason(`Container ${container.name}`, container, status, probes);
    if (!kill) {
      kept += 1;
      continue;
    }
    const restart = kill.probe === undefined || restartPolicyOf(pod) !== 'Never';
    const message = restart ? `${kill.message}, will be restarted` : kill.message;
    plan.kill.push({ id: status.id, name: container.name, ...kill, message });
    if (restart) plan.app.push(container.name);
  }
  // Nothing left to run: sidecars must not keep the pod alive.
  if (kept === 0 && plan.app.length === 0) Object.assign(plan, { killPod: true, init: [] });
}

/** Whether a container that does not run should, by its pod's restart policy. */
export function shouldRestart(pod: Pod, container: ContainerSpec, state: PodState): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const status = findContainer(state, container.name);
  if (!status) return true;
  if (isRunning(status)) return false;
  if (status.state !== 'CONTAINER_EXITED') return true;
  const policy = isSidecar(container) ? 'Always' : restartPolicyOf(pod);
  if (policy === 'Never') return false;
  return policy === 'Always' || status.exitCode !== 0;
}

/** True when the plan changes nothing. */
export function isEmptyPlan(plan: PodPlan): boolean {
  const starts = plan.init.length + plan.app.length + plan.ephemeral.length;
  return !plan.killPod && !plan.createSandbox && starts === 0 && plan.kill.length === 0;
}
