/** Quantities as plain numbers: what cgroups and downward API fields are made of. An absent quantity is 0. */
import { parseQuantity } from '@kubelab/apimachinery/quantity';

export function amountOf(quantity: string | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(quantity).toNumber();
}

/** Thousandths, rounded up. */
export function milliOf(quantity: string | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(quantity).milliValue();
}

/** Whole units, rounded up. */
export function bytesOf(quantity: string | undefined): number {
  return quantity === undefined ? 0 : parseQuantity(quantity).value();
}
