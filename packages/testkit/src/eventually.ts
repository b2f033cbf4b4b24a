/**
 * Runs `check` until it stops throwing and returns its result; after `timeoutMs` fails with the last error. For tests against real processes,
 * where time is not an argument.
 */
export async function eventually<T>(
  check: () => Promise<T> | T,
  options: { timeoutMs?: number; intervalMs?: number; what?: string } = {},
): Promise<T> {
  const { timeoutMs = 30_000, intervalMs = 50, what = 'condition' } = options;
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end)
        throw new Error(`${what} did not hold within ${timeoutMs / 1000} s: ${String(error)}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
