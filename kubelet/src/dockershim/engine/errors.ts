/** What the engine answers, as CRI errors. */
import { type CriCode, CriError } from '@kubelab/proto/cri-error';

interface EngineError {
  statusCode: number;
  json?: { message?: string } | null;
  message: string;
}

function isEngineError(error: unknown): error is EngineError {
  return error instanceof Error && typeof (error as Partial<EngineError>).statusCode === 'number';
}

/** The HTTP status of an engine error, undefined for any other error. */
export function engineStatus(error: unknown): number | undefined {
  return isEngineError(error) ? error.statusCode : undefined;
}

/** The engine's own words, without the client library's decoration. */
export function engineMessage(error: unknown): string {
  if (isEngineError(error)) return error.json?.message ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

const codes: Readonly<Record<number, CriCode>> = {
  400: 'INVALID_ARGUMENT',
  404: 'NOT_FOUND',
  409: 'FAILED_PRECONDITION',
};

/** `doing` names the operation for the user: `create a sandbox for pod "web"`. */
export function toCriError(error: unknown, doing: string): CriError {
  if (error instanceof CriError) return error;
  const status = engineStatus(error);
  if (status !== undefined) {
    const message = `failed to ${doing}: Error response from daemon: ${engineMessage(error)}`;
    return new CriError(codes[status] ?? 'UNKNOWN', message, { cause: error });
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ECONNRESET' || code === 'EPIPE') {
    return new CriError('UNAVAILABLE', `failed to ${doing}: Cannot connect to the Docker daemon (${code})`, {
      cause: error,
    });
  }
  return new CriError('UNKNOWN', `failed to ${doing}: ${engineMessage(error)}`, { cause: error });
}

/** Runs an engine call and turns its error into a CriError. */
export async function engineCall<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toCriError(error, doing);
  }
}

/** As engineCall, for calls whose wish may already be fulfilled: the listed statuses are success. */
export async function engineCallTolerating(
  doing: string,
  statuses: number[],
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!statuses.includes(engineStatus(error) ?? 0)) throw toCriError(error, doing);
  }
}
