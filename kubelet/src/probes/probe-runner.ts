import type { Pod, Probe } from '@kubelab/api/types';
import { formatDuration } from '@kubelab/apimachinery/duration';
import { goQuote } from '@kubelab/apimachinery/go-quote';
import { isCriError } from '@kubelab/proto/cri-error';
import type { RuntimeServiceClient } from '@kubelab/proto/generated/runtime-v1';
import type { ContainerSpec } from '../pods/pod.js';
import { grpcHealth } from './grpc-health.js';
import type { HttpGetAnswer } from './http-get.js';
import { resolvePort } from './ports.js';
import { httpGetFollowing } from './redirects.js';
import { tcpConnect } from './tcp-connect.js';

export interface ProbeAnswer {
  result: 'success' | 'failure' | 'warning' | 'error';
  /** For the event. */
  output: string;
}

export interface ProbeTarget {
  pod: Pod;
  container: ContainerSpec;
  containerId: string;
  podIP: string;
}

const maxOutputBytes = 10 * 1024;

/** Does one probe once. Never rejects: what goes wrong is part of the answer. */
export async function runProbe(
  probe: Probe,
  target: ProbeTarget,
  runtime: Pick<RuntimeServiceClient, 'execSync'>,
): Promise<ProbeAnswer> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec) return await execProbe(probe.exec.command ?? [], target, timeoutMs, runtime);
    if (probe.httpGet) return await httpProbe(probe, target, timeoutMs);
    if (probe.tcpSocket) {
      const { host, port } = probe.tcpSocket;
      return await failing(tcpConnect(host || target.podIP, resolvePort(port, target.container), timeoutMs));
    }
    if (probe.grpc) {
      const { port, service } = probe.grpc;
      return await failing(grpcHealth({ host: target.podIP, port, service: service ?? '', timeoutMs }));
    }
    return {
      result: 'error',
      output: `missing probe handler for ${target.pod.metadata.name}:${target.container.name}`,
    };
  } catch (error) {
    return { result: 'error', output: messageOf(error) };
  }
}

async function execProbe(
  cmd: string[],
  target: ProbeTarget,
  timeoutMs: number,
  runtime: Pick<RuntimeServiceClient, 'execSync'>,
): Promise<ProbeAnswer> {
  try {
    // The runtime enforces the time-out; the call's own deadline only guards against a runtime that does not answer.
    const answer = await runtime.execSync(
      { containerId: target.containerId, cmd, timeout: Math.ceil(timeoutMs / 1000) },
      { timeoutMs: timeoutMs + 5000 },
    );
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, maxOutputBytes).toString('utf8');
    return { result: answer.exitCode === 0 ? 'success' : 'failure', output };
  } catch (error) {
    if (isCriError(error, 'DEADLINE_EXCEEDED')) {
      return {
        result: 'failure',
        output: `command timed out: ${goQuote(cmd.join(' '))} timed out after ${formatDuration(timeoutMs)}`,
      };
    }
    throw error;
  }
}

async function httpProbe(probe: Probe, target: ProbeTarget, timeoutMs: number): Promise<ProbeAnswer> {
  const { scheme, host, port, path, httpHeaders } = probe.httpGet ?? { port: 0 };
  const options = {
    scheme: scheme ?? 'HTTP',
    host: host || target.podIP,
    port: resolvePort(port, target.container),
    path: path ?? '/',
    headers: httpHeaders ?? [],
    timeoutMs,
  };
  let answer: HttpGetAnswer;
  try {
    answer = await httpGetFollowing(options);
  } catch (error) {
    return { result: 'failure', output: messageOf(error) };
  }
  const { statusCode, body } = answer;
  if (statusCode >= 200 && statusCode < 300) return { result: 'success', output: body };
  if (statusCode >= 300 && statusCode < 400) {
    return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
  }
  return { result: 'failure', output: `HTTP probe failed with statuscode: ${statusCode}` };
}

async function failing(work: Promise<void>): Promise<ProbeAnswer> {
  try {
    await work;
    return { result: 'success', output: '' };
  } catch (error) {
    return { result: 'failure', output: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
