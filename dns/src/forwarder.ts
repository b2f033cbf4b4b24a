/** Names of other domains: asked of the upstream name servers in turn, kept for a while. */

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, isIPv6 } from 'node:net';
import type { Clock } from '@kubelab/component/clock';
import { decode, encode, type Packet, type Question, streamDecode, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet';

export interface Forwarder {
  /** The upstream's answer. Rejects when none of them answered. */
  resolve(question: Question): Promise<Packet>;
}

interface Cached {
  packet: Packet;
  expiresAt: number;
}

const timeoutMs = 2000;
const maxCached = 10_000;

export class CachingForwarder implements Forwarder {
  readonly #servers: readonly string[];
  readonly #cacheTtlSeconds: number;
  readonly #clock: Clock;
  readonly #cache = new Map<string, Cached>();
  readonly #inFlight = new Map<string, Promise<Packet>>();

  constructor(options: { servers: readonly string[]; cacheTtlSeconds: number; clock: Clock }) {
    this.#servers = options.servers;
    this.#cacheTtlSeconds = options.cacheTtlSeconds;
    this.#clock = options.clock;
  }

  resolve(question: Question): Promise<Packet> {
    const key = `${question.type} ${question.class ?? 'IN'} ${question.name.toLowerCase()}`;
    const cached = this.#cache.get(key);
    if (cached && cached.expiresAt > this.#clock.now()) return Promise.resolve(cached.packet);
    let running = this.#inFlight.get(key);
    if (!running) {
      running = this.#ask(question)
        .then((packet) => this.#keep(key, packet))
        .finally(() => this.#inFlight.delete(key));
      this.#inFlight.set(key, running);
    }
    return running;
  }

  async #ask(question: Question): Promise<Packet> {
    let failure: unknown = new Error('there is no upstream name server');
    for (const server of this.#servers) {
      try {
        const packet = await askOverUdp(server, question);
        return (packet.flags ?? 0) & TRUNCATED_RESPONSE ? await askOverTcp(server, question) : packet;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #keep(key: string, packet: Packet): Packet {
    const ttls = [...(packet.answers ?? []), ...(packet.authorities ?? [])].map((record) =>
      'ttl' in record ? (record.ttl ?? 0) : 0,
    );
    const seconds = ttls.length > 0 ? Math.min(this.#cacheTtlSeconds, ...ttls) : 0;
    if (seconds > 0) {
      this.#cache.delete(key);
      this.#cache.set(key, { packet, expiresAt: this.#clock.now() + seconds * 1000 });
      const oldest = this.#cache.size > maxCached ? this.#cache.keys().next().value : undefined;
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    return packet;
  }
}

function query(question: Question): { id: number; packet: Packet } {
  const id = randomInt(0, 65_536);
  // dns-packet's flag for "recursion desired".
  return { id, packet: { type: 'query', id, flags: 0x100, questions: [question] } };
}

function askOverUdp(server: string, question: Question): Promise<Packet> {
  const { id, packet } = query(question);
  const { host, port } = splitServer(server);
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const finish = (error: Error | undefined, reply?: Packet): void => {
      clearTimeout(timer);
      socket.close();
      if (reply) resolve(reply);
      else reject(error ?? new Error('no reply'));
    };
    const timer = setTimeout(() => finish(new Error(`${server} did not answer`)), timeoutMs);
    socket.on('error', (error) => finish(error));
    socket.on('message', (message) => {
      const reply = tryDecode(message);
      if (reply?.id === id) finish(undefined, reply);
    });
    // Connected, so that only this server's packets arrive and a closed port is an error at once.
    socket.connect(port, host, () => socket.send(encode(packet)));
  });
}

function askOverTcp(server: string, question: Question): Promise<Packet> {
  const { packet } = query(question);
  const { host, port } = splitServer(server);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = createConnection({ host, port, timeout: timeoutMs }, () => socket.write(streamEncode(packet)));
    socket.on('timeout', () => socket.destroy(new Error(`${server} did not answer over TCP`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${server} closed the connection`)));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 2 || all.length < all.readUInt16BE(0) + 2) return;
      try {
        resolve(streamDecode(all));
      } catch (error) {
        reject(error);
      }
      socket.destroy();
    });
  });
}

/** Undefined for bytes that are no DNS message. */
export function tryDecode(message: Buffer): ReturnType<typeof decode> | undefined {
  try {
    return decode(message);
  } catch {
    // Anybody can send anything to a DNS port; what cannot be read is nobody's answer.
    return undefined;
  }
}

function splitServer(server: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(server);
  return match ? { host: match[1] ?? match[2] ?? '', port: Number(match[3]) } : { host: server, port: 53 };
}
