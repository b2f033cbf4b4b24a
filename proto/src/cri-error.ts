import type { status } from '@grpc/grpc-js';

/** The name of a gRPC status code other than OK. */
export type CriCode = Exclude<keyof typeof status, 'OK'>;

/** A failed call of a container runtime: what a server throws and what a client's promise rejects with. */
export class CriError extends Error {
  override readonly name = 'CriError';

  constructor(
    readonly code: CriCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** True for a CriError, optionally only of the named codes. */
export function isCriError(error: unknown, ...codes: CriCode[]): error is CriError {
  return error instanceof CriError && (codes.length === 0 || codes.includes(error.code));
}
