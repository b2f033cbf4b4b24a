/** IP addresses and CIDRs as the API accepts them: leading zeros in IPv4 octets are tolerated, as in upstream's ParseIPSloppy. */

import { isIPv6 } from 'node:net';

const invalidIP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const invalidCIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export type IPFamily = 'IPv4' | 'IPv6';

function parseIPv4(value: string): bigint | undefined {
  const octets = value.split('.');
  if (octets.length !== 4) return undefined;
  let bits = 0n;
  for (const octet of octets) {
    if (!/^[0-9]+$/.test(octet)) return undefined;
    const number = Number(octet);
    if (number > 255) return undefined;
    bits = (bits << 8n) | BigInt(number);
  }
  return bits;
}

function parseGroups(text: string): bigint[] {
  if (text === '') return [];
  const groups: bigint[] = [];
  for (const group of text.split(':')) {
    const v4 = group.includes('.') ? parseIPv4(group) : undefined;
    if (v4 === undefined) groups.push(BigInt(`0x${group}`));
    else groups.push(v4 >> 16n, v4 & 0xffffn);
  }
  return groups;
}

function parseIPv6(value: string): bigint | undefined {
  // Zones are refused: an API address has to mean the same on every node.
  if (value.includes('%') || !isIPv6(value)) return undefined;
  const [head = '', tail] = value.split('::');
  const before = parseGroups(head);
  const after = parseGroups(tail ?? '');
  const zeros = new Array<bigint>(Math.max(0, 8 - before.length - after.length)).fill(0n);
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | group, 0n);
}

export interface ParsedIP {
  family: IPFamily;
  bits: bigint;
}

/** The address, or undefined. `::ffff:1.2.3.4` is IPv4, as in Go's net package. */
export function parseIP(value: string): ParsedIP | undefined {
  if (!value.includes(':')) {
    const bits = parseIPv4(value);
    return bits === undefined ? undefined : { family: 'IPv4', bits };
  }
  const bits = parseIPv6(value);
  if (bits === undefined) return undefined;
  return bits >> 32n === 0xffffn ? { family: 'IPv4', bits: bits & 0xffffffffn } : { family: 'IPv6', bits };
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
    if (end > start) start = end;
  }
  return best;
}

/** Canonical text (RFC 5952 for IPv6). */
export function formatIP(ip: ParsedIP): string {
  if (ip.family === 'IPv4') {
    return [24n, 16n, 8n, 0n].map((shift) => String((ip.bits >> shift) & 0xffn)).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, index) => Number((ip.bits >> BigInt(112 - 16 * index)) & 0xffffn));
  const hex = groups.map((group) => group.toString(16));
  const run = longestZeroRun(groups);
  if (run.start < 0) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

export interface ParsedCIDR {
  family: IPFamily;
  /** The address as written. */
  ip: ParsedIP;
  /** The address with all host bits zero. */
  network: ParsedIP;
  prefixLength: number;
}

export function parseCIDR(value: string): ParsedCIDR | undefined {
  const slash = value.indexOf('/');
  if (slash < 0) return undefined;
  const address = value.slice(0, slash);
  const length = value.slice(slash + 1);
  const parsed = parseIP(address);
  if (!parsed || !/^[0-9]{1,3}$/.test(length) || (length.length > 1 && length.startsWith('0'))) return undefined;
  const mapped = parsed.family === 'IPv4' && address.includes(':');
  const prefixLength = Number(length) - (mapped ? 96 : 0);
  const width = parsed.family === 'IPv4' ? 32 : 128;
  if (prefixLength < 0 || prefixLength > width) return undefined;
  const host = BigInt(width - prefixLength);
  const network = { family: parsed.family, bits: (parsed.bits >> host) << host };
  return { family: parsed.family, ip: parsed, network, prefixLength };
}

export function cidrContains(cidr: ParsedCIDR, ip: ParsedIP): boolean {
  if (cidr.family !== ip.family) return false;
  const host = BigInt((cidr.family === 'IPv4' ? 32 : 128) - cidr.prefixLength);
  return ip.bits >> host === cidr.network.bits >> host;
}

export function isValidIP(value: string): string[] {
  return parseIP(value) ? [] : [invalidIP];
}

export function isValidIPv4Address(value: string): string[] {
  return parseIP(value)?.family === 'IPv4' ? [] : ['must be a valid IPv4 address'];
}

export function isValidIPv6Address(value: string): string[] {
  return parseIP(value)?.family === 'IPv6' ? [] : ['must be a valid IPv6 address'];
}

export function isValidCIDR(value: string): string[] {
  return parseCIDR(value) ? [] : [invalidCIDR];
}
