/** What every {@link Storage} has to fulfil, as tests: called by the test file of each implementation. */

import type { StorageUnderTest } from './suite/fixtures.js';
import { describeReads } from './suite/reads.js';
import { describeWatches } from './suite/watches.js';
import { describeWrites } from './suite/writes.js';

/** `open` is called once; each test works in a resource of its own. */
export function describeStorage(name: string, open: () => Promise<StorageUnderTest>): void {
  describe(name, () => {
    let current: StorageUnderTest | undefined;
    const subject = (): StorageUnderTest => {
      if (current === undefined) throw new Error('the storage is not open');
      return current;
    };
    beforeAll(async () => {
      current = await open();
    });
    afterAll(async () => current?.close());

    describe('writes', () => describeWrites(subject));
    describe('reads', () => describeReads(subject));
    describe('watches', () => describeWatches(subject));
  });
}
