/** From a question and the zone to an answer: pure. */

import { isIPv4 } from 'node:net';
import type { Answer, Question } from 'dns-packet';
import type { Target, Zone } from './zone.js';

export type Rcode = 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'NOTIMP' | 'REFUSED' | 'FORMERR';

export interface Reply {
  rcode: Rcode;
  answers: Answer[];
  authorities: Answer[];
  additionals: Answer[];
  /** A name outside the zone that the answer leads to (ExternalName): to be looked up and appended. */
  follow?: string;
}

/** What a name stands for, before the question's type is looked at. */
interface Found {
  addresses: string[];
  targets: Target[];
  texts: string[];
  alias?: string;
}

const nothing: Found = { addresses: [], targets: [], texts: [] };

/** Undefined for a name that is not ours to answer. */
export function answer(question: Question, zone: Zone, ttl: number): Reply | undefined {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const pointer = reverseAddress(name);
  if (pointer !== undefined) return answerPointer(question, zone, pointer, ttl);
  if (name !== zone.domain && !name.endsWith(`.${zone.domain}`)) return undefined;
  const labels = name === zone.domain ? [] : name.slice(0, -zone.domain.length - 1).split('.');
  const found = find(labels, zone);
  if (!found) return { rcode: 'NXDOMAIN', answers: [], authorities: [soa(zone, ttl)], additionals: [] };
  return toReply(question, found, zone, ttl);
}

function find(labels: string[], zone: Zone): Found | undefined {
  if (labels.length === 0) return nothing;
  if (labels.length === 1 && labels[0] === 'dns-version') return { ...nothing, texts: ['1.1.0'] };
  const kind = labels.at(-1);
  if (kind === 'svc') return findService(labels.slice(0, -1), zone);
  if (kind === 'pod') return findPod(labels.slice(0, -1), zone);
  return undefined;
}

function findService(labels: string[], zone: Zone): Found | undefined {
  const namespace = labels.at(-1);
  if (namespace === undefined) return nothing;
  const name = labels.at(-2);
  if (name === undefined) return zone.hasNamespace(namespace) ? nothing : undefined;
  const service = zone.service(namespace, name);
  if (!service) return undefined;
  const rest = labels.slice(0, -2);
  if (rest.length === 0) {
    const endpoints = [...service.endpoints.values()].flatMap((ips) => [...ips]);
    const targets = [...service.ports.values()].flat();
    const addresses = [...service.clusterIPs, ...endpoints];
    return { ...nothing, addresses, targets, ...(service.externalName ? { alias: service.externalName } : {}) };
  }
  if (rest.length === 2) {
    const targets = service.ports.get(rest.join('.'));
    return targets ? { ...nothing, targets } : undefined;
  }
  const endpoint = rest.length === 1 ? service.endpoints.get(rest[0] ?? '') : undefined;
  return endpoint ? { ...nothing, addresses: [...endpoint] } : undefined;
}

/** `10-244-1-5.default.pod`: the address that the name spells (upstream's default mode "insecure"). */
function findPod(labels: string[], zone: Zone): Found | undefined {
  const [address, namespace] = labels.length === 1 ? [undefined, labels[0]] : labels;
  if (namespace === undefined) return nothing;
  if (!zone.hasNamespace(namespace) || labels.length > 2) return undefined;
  if (address === undefined) return nothing;
  const ip = address.replaceAll('-', '.');
  return isIPv4(ip) ? { ...nothing, addresses: [ip] } : undefined;
}

function toReply(question: Question, found: Found, zone: Zone, ttl: number): Reply {
  const { name, type } = question;
  const reply: Reply = { rcode: 'NOERROR', answers: [], authorities: [], additionals: [] };
  const wants = (candidate: string): boolean => type === candidate || (type as string) === 'ANY';
  if (found.alias !== undefined && (wants('A') || wants('AAAA') || wants('CNAME'))) {
    reply.answers.push({ name, type: 'CNAME', ttl, data: found.alias });
    if (type !== 'CNAME') reply.follow = found.alias;
  }
  if (wants('A'))
    reply.answers.push(...found.addresses.filter(isIPv4).map((data): Answer => ({ name, type: 'A', ttl, data })));
  if (wants('AAAA')) {
    const addresses = found.addresses.filter((ip) => !isIPv4(ip));
    reply.answers.push(...addresses.map((data): Answer => ({ name, type: 'AAAA', ttl, data })));
  }
  if (wants('SRV')) addServices(reply, name, found.targets, ttl);
  if (wants('TXT')) reply.answers.push(...found.texts.map((data): Answer => ({ name, type: 'TXT', ttl, data })));
  if (reply.answers.length === 0) reply.authorities.push(soa(zone, ttl));
  return reply;
}

function addServices(reply: Reply, name: string, targets: Target[], ttl: number): void {
  const weight = targets.length > 0 ? Math.floor(100 / targets.length) || 1 : 0;
  const described = new Set<string>();
  for (const { name: target, port, ip } of targets) {
    reply.answers.push({ name, type: 'SRV', ttl, data: { priority: 0, weight, port, target } });
    if (described.has(`${target} ${ip}`)) continue;
    described.add(`${target} ${ip}`);
    reply.additionals.push({ name: target, type: isIPv4(ip) ? 'A' : 'AAAA', ttl, data: ip });
  }
}

function answerPointer(question: Question, zone: Zone, ip: string, ttl: number): Reply | undefined {
  const names = zone.reverse(ip);
  if (names.length === 0) return undefined;
  const answers: Answer[] =
    question.type === 'PTR' || (question.type as string) === 'ANY'
      ? names.map((data) => ({ name: question.name, type: 'PTR', ttl, data }))
      : [];
  return { rcode: 'NOERROR', answers, authorities: answers.length > 0 ? [] : [soa(zone, ttl)], additionals: [] };
}

/** The IPv4 address of a reverse name. */
function reverseAddress(name: string): string | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (!match) return undefined;
  const ip = match.slice(1).reverse().join('.');
  return isIPv4(ip) ? ip : undefined;
}

function soa(zone: Zone, ttl: number): Answer {
  return {
    name: zone.domain,
    type: 'SOA',
    ttl,
    data: {
      mname: `ns.dns.${zone.domain}`,
      rname: `hostmaster.${zone.domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttl,
    },
  };
}
