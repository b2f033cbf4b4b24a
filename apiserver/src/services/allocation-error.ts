/** Why an address or a port cannot be given; worded as upstream's allocators. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

export const addressTaken = (): AllocationError => new AllocationError('provided IP is already allocated');
/** With several ranges there is none to name: upstream says so whatever the address. */
export const addressOutOfRange = (): AllocationError =>
  new AllocationError('the provided network does not match the current range');
export const portTaken = (): AllocationError => new AllocationError('provided port is already allocated');
export const rangeFull = (): AllocationError => new AllocationError('range is full');
