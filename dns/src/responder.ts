/** Decodes queries, answers from the zone or forwards, and encodes within the size that the client can take. */

import type { Logger } from '@kubelab/component/logger';
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { answer, type Rcode, type Reply } from './answer.js';
import { type Forwarder, tryDecode } from './forwarder.js';
import type { DnsMetrics } from './metrics.js';
import type { Zone } from './zone.js';

export interface ResponderOptions {
  /** The current state; asked for every query. */
  zone: () => Zone;
  forwarder: Forwarder;
  ttl: number;
  logger: Logger;
  metrics: DnsMetrics;
}

const rcodes: Readonly<Record<Rcode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};
const plainUdpSize = 512;
const largestUdpSize = 4096;

export class Responder {
  readonly #options: ResponderOptions;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** The bytes to send back; undefined for what is not a query. */
  async respond(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const query = tryDecode(message);
    if (query?.type !== 'query') return undefined;
    const stopTimer = this.#options.metrics.duration.startTimer();
    const question = query.questions?.[0];
    const { rcode, packet } = await this.#reply(query, question);
    stopTimer();
    this.#options.metrics.requests.inc({ proto: transport, type: question?.type ?? 'other' });
    this.#options.metrics.responses.inc({ rcode });
    return fit(packet, transport === 'tcp' ? 65_535 : udpSize(query));
  }

  async #reply(query: Packet, question: Question | undefined): Promise<{ rcode: Rcode; packet: Packet }> {
    const id = query.id ?? 0;
    const desired = (query.flags ?? 0) & RECURSION_DESIRED;
    if (!question || query.questions?.length !== 1)
      return { rcode: 'FORMERR', packet: build(id, desired, 'FORMERR', question, {}) };
    const { zone, ttl, forwarder, logger } = this.#options;
    const own = answer(question, zone(), ttl);
    try {
      if (own) {
        const answers = own.follow ? [...own.answers, ...(await this.#follow(own.follow, question))] : own.answers;
        return {
          rcode: own.rcode,
          packet: build(id, desired | AUTHORITATIVE_ANSWER, own.rcode, question, { ...own, answers }),
        };
      }
      const reply = await forwarder.resolve(question);
      const rcode = (reply as { rcode?: Rcode }).rcode ?? 'NOERROR';
      return { rcode, packet: build(id, desired, rcode, question, withoutOpt(reply)) };
    } catch (error) {
      logger.debug('Query could not be forwarded', { name: question.name, type: question.type, error });
      return { rcode: 'SERVFAIL', packet: build(id, desired, 'SERVFAIL', question, {}) };
    }
  }

  async #follow(name: string, question: Question): Promise<Answer[]> {
    const { zone, ttl, forwarder } = this.#options;
    const next: Question = { ...question, name };
    return answer(next, zone(), ttl)?.answers ?? (await forwarder.resolve(next)).answers ?? [];
  }
}

type Sections = Partial<Pick<Reply, 'answers' | 'authorities' | 'additionals'>>;

function build(id: number, flags: number, rcode: Rcode, question: Question | undefined, sections: Sections): Packet {
  return {
    type: 'response',
    id,
    flags: flags | RECURSION_AVAILABLE | (rcodes[rcode] ?? 2),
    questions: question ? [question] : [],
    answers: sections.answers ?? [],
    authorities: sections.authorities ?? [],
    additionals: sections.additionals ?? [],
  };
}

/** EDNS is between two neighbours: what the upstream said of itself is not passed on. */
function withoutOpt(packet: Packet): Sections {
  const keep = (records: Answer[] | undefined): Answer[] => (records ?? []).filter((record) => record.type !== 'OPT');
  return {
    answers: keep(packet.answers),
    authorities: keep(packet.authorities),
    additionals: keep(packet.additionals),
  };
}

function udpSize(query: Packet): number {
  const opt = query.additionals?.find((record) => record.type === 'OPT') as { udpPayloadSize?: number } | undefined;
  return Math.min(Math.max(opt?.udpPayloadSize ?? plainUdpSize, plainUdpSize), largestUdpSize);
}

/** Encodes; an answer that is too large loses its records and tells the client to come back over TCP. */
function fit(packet: Packet, size: number): Buffer {
  const bytes = encode(packet);
  if (bytes.length <= size) return bytes;
  const lean = encode({ ...packet, authorities: [], additionals: [] });
  if (lean.length <= size) return lean;
  return encode({
    ...packet,
    flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE,
    answers: [],
    authorities: [],
    additionals: [],
  });
}
