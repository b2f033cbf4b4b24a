/** How far down a container's oom_score_adj may be set from here. */
import { readFileSync } from 'node:fs';
import type { Logger } from '@kubelab/component/logger';

const capSysResource = 24n;

/** Without CAP_SYS_RESOURCE in the bounding set the kernel refuses every value below the process's own; then that is the floor. */
export function oomScoreFloor(read: (path: string) => string = (path) => readFileSync(path, 'utf8')): number {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status'))?.[1];
  if (bounding !== undefined && (BigInt(`0x${bounding}`) >> capSysResource) & 1n) return -1000;
  return Number(read('/proc/self/oom_score_adj').trim());
}

/** Raises scores to the floor and says so once. */
export class OomScores {
  private said = false;

  constructor(
    private readonly floor: number,
    private readonly logger: Logger,
  ) {}

  clamp(wanted: number): number {
    if (wanted >= this.floor) return wanted;
    if (!this.said) {
      this.said = true;
      this.logger.warn('The kernel does not let this node lower oom_score_adj; containers get the node’s own value', {
        wanted,
        floor: this.floor,
      });
    }
    return this.floor;
  }
}
