import { parseQuantity } from '@kubelab/apimachinery/quantity';

/** Bytes are whole: a thousandth of one is a slip of the pen. */
export function fractionalBytes(amount: string | undefined, path: string): string[] {
  if (amount === undefined || parseQuantity(amount).scaled(-3) % 1000n === 0n) return [];
  return [`${path}: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`];
}
