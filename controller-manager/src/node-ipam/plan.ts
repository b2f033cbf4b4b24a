/** Ranges of pod addresses for nodes: pure. */

/** The first range of `maskSize` within `clusterCidr` that is not taken; undefined when all are. */
export function nextFreeRange(clusterCidr: string, maskSize: number, taken: ReadonlySet<string>): string | undefined {
  const [address = '', bits = '0'] = clusterCidr.split('/');
  const base = toNumber(address);
  const size = 2 ** (32 - maskSize);
  const count = 2 ** (maskSize - Number(bits));
  for (let index = 0; index < count; index++) {
    const range = `${toText(base + index * size)}/${maskSize}`;
    if (!taken.has(range)) return range;
  }
  return undefined;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
