/** Which images go when their disk fills up: upstream's image garbage collection. Pure. */

export interface ImageGcPolicy {
  /** Percent of the disk in use from which on images are removed. */
  highThreshold: number;
  /** Percent down to which they are removed. */
  lowThreshold: number;
  /** Milliseconds since an image was first seen before which it is not removed. */
  minAgeMs: number;
  /** Milliseconds after which an image that nobody used is removed whatever the disk says; 0: never. */
  maxAgeMs: number;
}

export interface ImageRecord {
  id: string;
  size: number;
  firstDetected: number;
  /** 0: never, as far as is known. */
  lastUsed: number;
  pinned: boolean;
}

/** Bytes. */
export interface DiskState {
  capacity: number;
  available: number;
}

/** How many bytes have to be freed; undefined while the disk is not full. */
export function bytesToFree(disk: DiskState, policy: ImageGcPolicy): number | undefined {
  const available = Math.min(disk.available, disk.capacity);
  const usedPercent = 100 - Math.floor((available * 100) / disk.capacity);
  if (usedPercent < policy.highThreshold) return undefined;
  return Math.floor((disk.capacity * (100 - policy.lowThreshold)) / 100) - available;
}

/** Images nobody uses in the order in which they are to go: the longest unused first. */
export function removable(
  images: Iterable<ImageRecord>,
  inUse: ReadonlySet<string>,
  options: { now: number; minAgeMs: number },
): ImageRecord[] {
  return [...images]
    .filter(({ id, pinned }) => !pinned && !inUse.has(id))
    .filter(({ firstDetected }) => options.now - firstDetected >= options.minAgeMs)
    .sort((a, b) => a.lastUsed - b.lastUsed || a.firstDetected - b.firstDetected);
}

/** Of those, the ones that were not used for longer than the policy's maximum. */
export function tooOld(images: readonly ImageRecord[], policy: ImageGcPolicy, now: number): ImageRecord[] {
  if (policy.maxAgeMs === 0) return [];
  return images.filter(({ lastUsed, firstDetected }) => now - (lastUsed || firstDetected) > policy.maxAgeMs);
}
