/** What a pod is told of volumes that it cannot have, in upstream's words. Pure. */

/** Volumes that cannot be set up; every problem is for a FailedMount event of its own. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';

  constructor(
    readonly problems: readonly string[],
    options?: ErrorOptions,
  ) {
    super(problems.join('; '), options);
  }
}

/** It is not known what is to be mounted: a claim that is not there, a kind of volume that nobody can mount. */
export class VolumeUnknownError extends Error {
  override readonly name = 'VolumeUnknownError';
}

export type MountStep = 'NodeAffinity check' | 'NewMounter initialization' | 'SetUp';

/** It is known what is to be mounted, but a step on the way failed. `volume`: for a claimed volume the name of the persistent one. */
export class MountStepError extends Error {
  override readonly name = 'MountStepError';

  constructor(step: MountStep, volume: string, cause: unknown) {
    super(`MountVolume.${step} failed for volume "${volume}" : ${textOf(cause)}`, { cause });
  }
}

export interface MountFailure {
  /** As the pod names it. */
  volume: string;
  error: unknown;
}

/** One sentence for all volumes of which nothing is known, and one for each of the others. */
export function mountError(failures: readonly MountFailure[]): VolumeError {
  const unknown = failures.filter(({ error }) => error instanceof VolumeUnknownError);
  const others = failures.filter((failure) => !unknown.includes(failure));
  const problems = others.map(({ volume, error }) =>
    error instanceof MountStepError ? error.message : new MountStepError('SetUp', volume, error).message,
  );
  if (unknown.length > 0) {
    const reasons = [...new Set(unknown.map(({ error }) => textOf(error)))].sort().join('; ');
    const unmounted = `unmounted volumes=${listOf(failures)}, unattached volumes=[]`;
    problems.push(
      `Unable to attach or mount volumes: ${unmounted}, failed to process volumes=${listOf(unknown)}: ${reasons}`,
    );
  }
  return new VolumeError(problems, { cause: failures[0]?.error });
}

/** As Go prints a list. */
function listOf(failures: readonly MountFailure[]): string {
  const names = failures.map(({ volume }) => volume).sort();
  return `[${names.join(' ')}]`;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
