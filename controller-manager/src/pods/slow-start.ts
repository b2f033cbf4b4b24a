/**
 * Runs `count` calls in batches of 1, 2, 4...: when the first fail (quota, admission) the rest is not even tried. Returns how many succeeded;
 * throws the first error after its batch has ended.
 */
export async function slowStart(count: number, call: () => Promise<void>): Promise<number> {
  let done = 0;
  for (let size = 1; done < count; size *= 2) {
    const results = await Promise.allSettled(Array.from({ length: Math.min(size, count - done) }, call));
    const failure = results.find((result) => result.status === 'rejected');
    done += results.filter((result) => result.status === 'fulfilled').length;
    if (failure) throw new SlowStartError(done, failure.reason);
  }
  return done;
}

/** Some calls succeeded before one failed; `cause` is its error. */
export class SlowStartError extends Error {
  override readonly name = 'SlowStartError';
  constructor(
    readonly succeeded: number,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
