import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import type { Service } from '@kubelab/api/types';
import { systemClock } from '@kubelab/component/clock';
import { silentLogger } from '@kubelab/component/logger';
import { type Answer, decode, encode, type Packet, streamDecode, streamEncode } from 'dns-packet';
import { Registry } from 'prom-client';
import { CachingForwarder } from './forwarder.js';
import { type DnsListeners, listen } from './listeners.js';
import { DnsMetrics } from './metrics.js';
import { Responder } from './responder.js';
import { Zone } from './zone.js';

const services = Array.from({ length: 60 }, (_, index): Service => {
  const metadata = {
    name: `s${index}`,
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80 }] },
  };
});
const zone = new Zone({ domain: 'cluster.local', namespaces: ['default'], services, slices: [] });

let upstream: ReturnType<typeof createSocket>;
let upstreamQueries = 0;
let server: DnsListeners;

beforeAll(async () => {
  upstream = createSocket('udp4');
  upstream.on('message', (message, peer) => {
    upstreamQueries++;
    const query = decode(message);
    const answers: Answer[] = [{ name: query.questions?.[0]?.name ?? '', type: 'A', ttl: 60, data: '192.0.2.1' }];
    upstream.send(
      encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers }),
      peer.port,
      peer.address,
    );
  });
  await new Promise<void>((resolve) => upstream.bind(0, '127.0.0.1', resolve));
  const forwarder = new CachingForwarder({
    servers: [`127.0.0.1:${upstream.address().port}`],
    cacheTtlSeconds: 30,
    clock: systemClock,
  });
  const responder = new Responder({
    zone: () => zone,
    forwarder,
    ttl: 30,
    logger: silentLogger,
    metrics: new DnsMetrics(new Registry()),
  });
  server = await listen({ address: '127.0.0.1', port: 0, responder, logger: silentLogger });
});

afterAll(async () => {
  await server.close();
  upstream.close();
});

function askUdp(message: Buffer): Promise<Packet> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.on('message', (reply) => {
      socket.close();
      resolve(decode(reply));
    });
    socket.send(message, server.port, '127.0.0.1');
  });
}

const query = (name: string, type: 'A' | 'PTR' = 'A'): Packet => ({
  type: 'query',
  id: 7,
  flags: 0x100,
  questions: [{ name, type, class: 'IN' }],
});

test('UDP: a service name is answered with authority', async () => {
  const reply = await askUdp(encode(query('s1.default.svc.cluster.local')));
  expect(reply).toMatchObject({ id: 7, flag_aa: true, rcode: 'NOERROR', answers: [{ data: '10.96.0.9' }] });
});

test('other names are forwarded once and then kept', async () => {
  for (let round = 0; round < 3; round++) {
    expect((await askUdp(encode(query('example.com')))).answers).toMatchObject([{ data: '192.0.2.1' }]);
  }
  expect(upstreamQueries).toBe(1);
});

test('an answer too large for UDP is marked truncated and complete over TCP', async () => {
  const packet = query('9.0.96.10.in-addr.arpa', 'PTR');
  expect(await askUdp(encode(packet))).toMatchObject({ flag_tc: true, answers: [] });
  const reply = await new Promise<Packet>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = createConnection(server.port, '127.0.0.1', () => socket.write(streamEncode(packet)));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < all.readUInt16BE(0) + 2) return;
      resolve(streamDecode(all));
      socket.destroy();
    });
  });
  expect(reply.answers).toHaveLength(60);
});

test.each([Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(600, 0xff), encode({ type: 'response', id: 3 })])(
  'bytes that are no query are ignored (%#)',
  async (bytes) => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.send(bytes, server.port, '127.0.0.1', () => resolve()));
    socket.close();
    expect((await askUdp(encode(query('s2.default.svc.cluster.local')))).answers).toHaveLength(1);
  },
);

test('a query without question is a format error', async () => {
  expect(await askUdp(encode({ type: 'query', id: 9 }))).toMatchObject({ rcode: 'FORMERR' });
});
