/** Addresses and ranges that are understood today and written in a way that later versions refuse. */
import { formatIP, parseCIDR, parseIP } from '@kubelab/apimachinery/ip';

const later = 'will be considered invalid in a future Kubernetes release';

/** Nothing for what is no address at all: validation says so. */
export function ipWarnings(value: string, path: string): string[] {
  const ip = parseIP(value);
  if (!ip) return [];
  const canonical = formatIP(ip);
  // An IPv4 address has one form; IPv6 around an IPv4 address is not wanted.
  if (ip.family === 'IPv4')
    return value === canonical ? [] : [`${path}: non-standard IP address "${value}" ${later}: use "${canonical}"`];
  return value === canonical
    ? []
    : [`${path}: IPv6 address "${value}" should be in RFC 5952 canonical format ("${canonical}")`];
}

/** Likewise. */
export function cidrWarnings(value: string, path: string): string[] {
  const cidr = parseCIDR(value);
  if (!cidr) return [];
  const [address, network] = [formatIP(cidr.ip), formatIP(cidr.network)];
  const canonical = `${network}/${cidr.prefixLength}`;
  const warnings: string[] = [];
  if (cidr.ip.bits !== cidr.network.bits) {
    const single = `${address}/${cidr.family === 'IPv4' ? 32 : 128}`;
    warnings.push(
      `${path}: CIDR value "${value}" is ambiguous in this context (should be "${canonical}" or "${single}"?)`,
    );
  }
  const asWritten = `${address}/${cidr.prefixLength}`;
  if (value === asWritten) return warnings;
  return cidr.family === 'IPv4'
    ? [...warnings, `${path}: non-standard CIDR value "${value}" ${later}: use "${canonical}"`]
    : [...warnings, `${path}: IPv6 CIDR value "${value}" should be in RFC 5952 canonical format ("${asWritten}")`];
}
