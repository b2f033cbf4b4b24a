/** One key's work: compare what is with what should be and change it. May run twice without harm. */
export interface Reconciler {
  /**
   * `key` is an objectKey (`namespace/name`). A thrown error means retry with back-off; a TerminalError means give up until the next change.
   */
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult>;
}

export interface ReconcileResult {
  /** Come back after this many milliseconds even if nothing changes. */
  requeueAfterMs?: number;
}

/** Retrying cannot help: logged once, not retried until the object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
