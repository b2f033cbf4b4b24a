import { isIPv4 } from 'node:net';

/** An IPv4 range; undefined when the text is none. */
export function parseCidr(text: string): { address: string; bits: number } | undefined {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  return { address, bits: Number(bits) };
}

/** The range that an address with a prefix length is in: 10.244.1.1 and 24 are in 10.244.1.0/24. */
export function rangeOfAddress(address: string, bits: number): string {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = number - (number % 2 ** (32 - bits));
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${bits}`;
}
