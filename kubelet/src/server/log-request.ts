import type { ContainerStatus, PodStatus } from '@kubelab/api/types';
import { badRequest, StatusError } from '@kubelab/apimachinery/status-error';
import type { LogReadOptions } from './log-reader.js';

export interface LogRequest {
  previous: boolean;
  follow: boolean;
  read: LogReadOptions;
}

/** Reads the query of a log request. Throws StatusError 400 or 422 for values that make no sense. */
export function parseLogRequest(query: URLSearchParams, now: number): LogRequest {
  const flag = (name: string): boolean => /^(1|t|true)$/i.test(query.get(name) ?? '');
  const tailLines = integer(query, 'tailLines', 0);
  const sinceSeconds = integer(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime)
    throw invalid('at most one of `sinceTime` or `sinceSeconds` may be specified');
  const since = sinceTime ? Date.parse(sinceTime) : sinceSeconds === undefined ? undefined : now - sinceSeconds * 1000;
  if (Number.isNaN(since))
    throw badRequest(`unable to decode the request for container logs: sinceTime "${sinceTime}" is no time`);
  return {
    previous: flag('previous'),
    follow: flag('follow'),
    read: {
      tailLines,
      since,
      limitBytes: integer(query, 'limitBytes', 1),
      timestamps: flag('timestamps'),
      stream: streamOf(query.get('stream')),
    },
  };
}

function streamOf(name: string | null): 'stdout' | 'stderr' | undefined {
  if (name === null || name === '' || name === 'All') return undefined;
  if (name === 'Stdout') return 'stdout';
  if (name === 'Stderr') return 'stderr';
  throw invalid(`stream: Unsupported value: "${name}": supported values: "All", "Stdout", "Stderr"`);
}

function integer(query: URLSearchParams, name: string, minimum: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d+$/.test(text))
    throw badRequest(`unable to decode the request for container logs: ${name} "${text}" is no number`);
  const value = Number(text);
  if (value < minimum) throw invalid(`${name}: Invalid value: ${value}: must be greater than or equal to ${minimum}`);
  return value;
}

function invalid(message: string): StatusError {
  return new StatusError({ code: 422, reason: 'Invalid', message });
}

/** Id of the container whose log is asked for, with its runtime prefix. Throws StatusError 400 that says why there is none. */
export function containerForLogs(status: PodStatus, pod: string, container: string, previous: boolean): string {
  const all = [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  const found = all.find((item) => item.name === container);
  if (!found) throw badRequest(`container "${container}" in pod "${pod}" is not available`);
  const last = found.lastState?.terminated?.containerID;
  if (previous) {
    if (!last) throw badRequest(`previous terminated container "${container}" in pod "${pod}" not found`);
    return last;
  }
  const current = found.state?.running ? found.containerID : found.state?.terminated?.containerID;
  const id = current || last;
  if (id) return id;
  throw badRequest(whyWaiting(found, pod));
}

function whyWaiting({ name, state }: ContainerStatus, pod: string): string {
  const where = `container "${name}" in pod "${pod}"`;
  if (state?.terminated) return `${where} is terminated`;
  const reason = state?.waiting?.reason;
  if (reason === 'ErrImagePull') return `${where} is waiting to start: image can't be pulled`;
  if (reason === 'ImagePullBackOff') return `${where} is waiting to start: trying and failing to pull image`;
  if (state?.waiting) return `${where} is waiting to start: ${reason ?? ''}`;
  return `${where} is waiting to start - no logs yet`;
}
