import { isIPv4 } from 'node:net';

/** An IPv4 range; undefined when the text is none. */
export function parseCidr(text: string): { address: string; bits: number } | undefined {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  return { address, bits: Number(bits) };
}
