/** Pure: pod CIDRs and the engine's `bip`. */
import { isIPv4 } from 'node:net';
import { CriError } from '@kubelab/proto/cri-error';

/** `10.244.1.0/24` gives `10.244.1.1/24`: the bridge takes the first address. Of a dual-stack list the IPv4 part counts. */
export function bridgeAddress(podCidr: string): string {
  const cidr = podCidr.split(',').find((part) => isIPv4(part.split('/')[0] ?? ''));
  const [address = '', prefix = ''] = cidr?.split('/') ?? [];
  const bits = Number(prefix);
  if (!/^\d+$/.test(prefix) || bits < 8 || bits > 30) {
    throw new CriError(
      'INVALID_ARGUMENT',
      `pod CIDR "${podCidr}" must be an IPv4 network with a prefix between /8 and /30`,
    );
  }
  const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const network = number - (number % 2 ** (32 - bits));
  const first = network + 1;
  return `${[24, 16, 8, 0].map((shift) => (first / 2 ** shift) & 255).join('.')}/${bits}`;
}

/** The engine's configuration file with another `bip`; everything else stays as it is. */
export function withBip(text: string, bip: string): string {
  const config = text.trim() === '' ? {} : (JSON.parse(text) as unknown);
  if (typeof config !== 'object' || config === null || Array.isArray(config)) throw new Error('is not a JSON object');
  return `${JSON.stringify({ ...config, bip }, null, 2)}\n`;
}

export function bipOf(text: string): string | undefined {
  const config = text.trim() === '' ? {} : (JSON.parse(text) as { bip?: unknown });
  return typeof config.bip === 'string' ? config.bip : undefined;
}
