/** Chain names as upstream's kube-proxy makes them, so that what people know how to read stays true. */

import { createHash } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** First 16 characters of the base32 form of SHA-256. */
function shortHash(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  let bits = 0;
  let value = 0;
  let output = '';
  for (const byte of digest) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && output.length < 16) {
      output += alphabet[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
    value &= 0xff;
  }
  return output;
}

interface Named {
  name: string;
  protocol: string;
}

/** Balances over all endpoints. */
export function serviceChain(port: Named): string {
  return `KUBE-SVC-${shortHash(port.name + port.protocol)}`;
}

/** Balances over the endpoints of this node. */
export function localChain(port: Named): string {
  return `KUBE-SVL-${shortHash(port.name + port.protocol)}`;
}

/** Takes traffic that comes from outside the cluster. */
export function externalChain(port: Named): string {
  return `KUBE-EXT-${shortHash(port.name + port.protocol)}`;
}

export function endpointChain(port: Named, endpoint: string): string {
  return `KUBE-SEP-${shortHash(port.name + port.protocol + endpoint)}`;
}
