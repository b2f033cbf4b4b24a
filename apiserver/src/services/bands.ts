/** Ranges are split: automatic choices come from the upper part, so that the lower one stays free for hand-picked values. */

export interface BandLimits {
  min: number;
  max: number;
  step: number;
}

/** Number of values at the start of a range of `size` that automatic choices avoid while they can. */
export function reservedBand(size: number, limits: BandLimits): number {
  if (size <= limits.min) return 0;
  return Math.min(Math.max(Math.floor(size / limits.step), limits.min), limits.max);
}

/** All offsets of a range, each once: the upper part from a random place on, then the lower part likewise. */
export function* offsetsToTry(size: number, reserved: number, random: () => number): Generator<number> {
  yield* rotated(reserved, size, random);
  yield* rotated(0, reserved, random);
}

function* rotated(from: number, to: number, random: () => number): Generator<number> {
  const length = to - from;
  if (length <= 0) return;
  const start = Math.floor(random() * length);
  for (let step = 0; step < length; step++) yield from + ((start + step) % length);
}
