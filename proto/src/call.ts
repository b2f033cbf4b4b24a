/** What accompanies one gRPC call, on either side. */

export interface CallOptions {
  /** Cancels the call: it rejects with CriError CANCELLED whose cause is the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The call's deadline from now, in milliseconds; it then rejects with CriError DEADLINE_EXCEEDED. Without it the call may take for ever. */
  timeoutMs?: number | undefined;
}

export interface CallContext {
  /** Aborts when the client cancels, its deadline passes or its connection breaks. */
  signal: AbortSignal;
}
