/** Work that is done at the same time: etcd takes many writes in one go as fast as one. */

/** Resolves when all of it is done; when some fails, rejects with the first failure after the rest has ended. */
export async function together(work: Iterable<Promise<void>>): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
