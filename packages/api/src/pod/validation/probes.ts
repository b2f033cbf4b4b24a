/** Probes and lifecycle handlers. */
import { type FieldError, forbiddenField, invalid, notSupported, required } from '@kubelab/apimachinery/field-error';
import { isHTTPHeaderName, isValidPortName, isValidPortNum } from '@kubelab/apimachinery/names';
import type { Container, ExecAction, HTTPGetAction, IntOrString, Lifecycle, Probe, SleepAction } from '../../types.js';
import { validateEach, validateEnum, validateNonNegative, validateRequired } from '../../validation/fields.js';
import { stopSignalsOf } from './stop-signals.js';

/** What a probe and a lifecycle hook have in common. */
interface Handler {
  readonly exec?: ExecAction;
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: { readonly port: IntOrString };
  readonly grpc?: { readonly port: number };
  readonly sleep?: SleepAction;
}

export interface HookSurroundings {
  /** The pod's termination grace period in seconds. */
  readonly grace: number;
  /** `spec.os.name`, where it is given. */
  readonly os?: string | undefined;
}

/** Lifecycle and probes of a container that may have them. */
export function validateProbesAndHooks(container: Container, path: string, around: HookSurroundings): FieldError[] {
  const { grace } = around;
  return [
    ...validateLifecycle(container.lifecycle, `${path}.lifecycle`, around),
    ...validateOnceProbe(container.livenessProbe, `${path}.livenessProbe`, grace),
    ...validateReadinessProbe(container.readinessProbe, `${path}.readinessProbe`, grace),
    ...validateOnceProbe(container.startupProbe, `${path}.startupProbe`, grace),
  ];
}

function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  path: string,
  { grace, os }: HookSurroundings,
): FieldError[] {
  return [
    ...(lifecycle?.postStart ? validateHandler(lifecycle.postStart, `${path}.postStart`, grace) : []),
    ...(lifecycle?.preStop ? validateHandler(lifecycle.preStop, `${path}.preStop`, grace) : []),
    ...(lifecycle?.stopSignal === undefined ? [] : validateStopSignal(lifecycle.stopSignal, `${path}.stopSignal`, os)),
  ];
}

/** Which signals there are depends on the system, so the pod has to name its own. */
function validateStopSignal(signal: string, path: string, os: string | undefined): FieldError[] {
  if (os === undefined) return [forbiddenField(path, 'may not be set for containers with empty `spec.os.name`')];
  const known = stopSignalsOf(os);
  return known === undefined || known.includes(signal) ? [] : [notSupported(path, signal, known)];
}

/** Liveness and startup probes succeed once or not at all. */
function validateOnceProbe(probe: Probe | undefined, path: string, grace: number): FieldError[] {
  if (!probe) return [];
  const errors = validateProbe(probe, path, grace);
  if (probe.successThreshold !== 1) {
    errors.push(invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
  }
  return errors;
}

function validateReadinessProbe(probe: Probe | undefined, path: string, grace: number): FieldError[] {
  if (!probe) return [];
  const errors = validateProbe(probe, path, grace);
  if (probe.terminationGracePeriodSeconds !== undefined) {
    const why = 'must not be set for readinessProbes';
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, why));
  }
  return errors;
}

function validateProbe(probe: Probe, path: string, grace: number): FieldError[] {
  const errors = validateHandler(probe, path, grace);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    errors.push(...validateNonNegative(probe[field], `${path}.${field}`));
  }
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) {
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, own, 'must be greater than 0'));
  }
  return errors;
}

function validateHandler(handler: Handler, path: string, grace: number): FieldError[] {
  const errors: FieldError[] = [];
  let types = 0;
  const add = (field: keyof Handler, check: () => FieldError[]): void => {
    if (!handler[field]) return;
    types++;
    if (types > 1) errors.push(forbiddenField(`${path}.${field}`, 'may not specify more than 1 handler type'));
    else errors.push(...check());
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  add('exec', () => ((exec?.command ?? []).length === 0 ? [required(`${path}.exec.command`)] : []));
  add('httpGet', () => (httpGet ? validateHttpGet(httpGet, `${path}.httpGet`) : []));
  add('tcpSocket', () => (tcpSocket ? validatePortNumberOrName(tcpSocket.port, `${path}.tcpSocket.port`) : []));
  add('grpc', () => (grpc ? validatePortNumberOrName(grpc.port, `${path}.grpc.port`) : []));
  add('sleep', () => (sleep ? validateSleep(sleep, `${path}.sleep`, grace) : []));
  return types === 0 ? [required(path, 'must specify a handler type')] : errors;
}

function validateHttpGet(action: HTTPGetAction, path: string): FieldError[] {
  return [
    ...validateRequired(action.path, `${path}.path`),
    ...validatePortNumberOrName(action.port, `${path}.port`),
    ...validateEnum(action.scheme, ['HTTP', 'HTTPS'], `${path}.scheme`),
    ...validateEach(action.httpHeaders, `${path}.httpHeaders`, (header) =>
      isHTTPHeaderName(header.name ?? '').map((problem) => invalid(`${path}.httpHeaders`, header.name ?? '', problem)),
    ),
  ];
}

export function validatePortNumberOrName(port: IntOrString | undefined, path: string): FieldError[] {
  const problems = typeof port === 'string' ? isValidPortName(port) : isValidPortNum(port ?? 0);
  return problems.map((problem) => invalid(path, port ?? 0, problem));
}

function validateSleep(action: SleepAction, path: string, grace: number): FieldError[] {
  if (action.seconds >= 0 && action.seconds <= grace) return [];
  const why = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
  return [invalid(path, action.seconds, why)];
}
