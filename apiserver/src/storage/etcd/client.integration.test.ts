/** The client over TLS, with the etcd3 package as a witness of what it writes. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { Etcd3 } from 'etcd3';
import { createTestCertificates, type TestCertificates } from '../../testing/certificates.js';
import type { EtcdClient, KeyEvent } from '../etcd-client.js';
import { connectEtcd } from './client.js';

let folder: string;
let certificates: TestCertificates;
let etcd: TestEtcd;
let identity: { ca: Buffer; cert: Buffer; key: Buffer };
let client: EtcdClient;
let witness: Etcd3;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubelab-etcd-tls-'));
  certificates = await createTestCertificates();
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const certFile = file('server.crt', certificates.cert);
  const keyFile = file('server.key', certificates.key);
  etcd = await startEtcd({ tls: { certFile, keyFile, clientCaFile: file('ca.crt', certificates.ca) } });
  const { cert, key } = await certificates.issueClient('apiserver');
  identity = { ca: Buffer.from(certificates.ca), cert: Buffer.from(cert), key: Buffer.from(key) };
  client = connectEtcd({ endpoints: [etcd.endpoint], ...identity });
  const credentials = { rootCertificate: identity.ca, certChain: identity.cert, privateKey: identity.key };
  witness = new Etcd3({ hosts: etcd.endpoint, credentials });
});

afterAll(async () => {
  client?.close();
  witness?.close();
  await etcd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('lets nobody in without a certificate of the right authority', async () => {
  const { ca } = identity;
  const stranger = await (await createTestCertificates()).issueClient('apiserver');
  for (const wrong of [{ ca }, { ca, cert: Buffer.from(stranger.cert), key: Buffer.from(stranger.key) }]) {
    const refused = connectEtcd({ endpoints: [etcd.endpoint], ...wrong, requestTimeoutMs: 300 });
    await expect(refused.currentRevision()).rejects.toMatchObject({ name: 'StatusError' });
    refused.close();
  }
  const doubtful = Buffer.from((await createTestCertificates()).ca);
  const suspicious = connectEtcd({ endpoints: [etcd.endpoint], ...identity, ca: doubtful, requestTimeoutMs: 300 });
  await expect(suspicious.currentRevision()).rejects.toMatchObject({ code: 503 });
  suspicious.close();
});

it('writes what another client reads, leases included', async () => {
  const value = Buffer.from('Grüße \u0000 \ud83d\ude00');
  const lease = await client.grantLease(100);
  const first = await client.put({ key: '/w/ä', value, expectedRevision: 0, lease });
  expect(first).toMatchObject({ succeeded: true });
  const { kvs } = await witness.get('/w/ä').exec();
  expect(kvs[0]).toMatchObject({ mod_revision: String(first.revision), version: '1', lease });
  expect(kvs[0]?.value).toEqual(value);
  expect(await client.put({ key: '/w/ä', value, expectedRevision: 0 })).toEqual(
    expect.objectContaining({ succeeded: false, current: { key: '/w/ä', value, modRevision: first.revision } }),
  );
  expect(await client.delete({ key: '/w/ä', expectedRevision: first.revision + 1 })).toMatchObject({
    succeeded: false,
  });
  expect(await client.delete({ key: '/w/ä', expectedRevision: first.revision })).toMatchObject({ succeeded: true });
  expect(await witness.get('/w/ä')).toBeNull();
  expect(await client.delete({ key: '/w/ä', expectedRevision: first.revision })).toMatchObject({ current: undefined });
});

it('reads what another client writes: ranges, pages and old revisions', async () => {
  for (let index = 0; index < 5; index++) await witness.put(`/r/${index}`).value('x'.repeat(index * 100_000));
  const { revision } = await client.currentRevision();
  await witness.delete().key('/r/0').exec();
  const page = await client.range({ start: '/r/', end: '/r0', limit: 2 });
  expect([page.kvs.map(({ key }) => key), page.count]).toEqual([['/r/1', '/r/2'], 4]);
  const before = await client.range({ start: '/r/', end: '/r0', revision });
  expect(before.kvs.map(({ value }) => value.length)).toEqual([0, 100_000, 200_000, 300_000, 400_000]);
  expect(before.revision).toBe(revision + 1);
});

it('watches everything from a revision on, in whatever portions it comes', async () => {
  const { revision } = await client.currentRevision();
  const events: KeyEvent[] = [];
  const done = new Promise<void>((resolve, reject) => {
    const onMessage = (message: { events: KeyEvent[] }): void => {
      events.push(...message.events);
      if (events.some(({ key }) => key === '/z/end')) resolve();
    };
    client.watch({ startRevision: revision + 1, onMessage, onEnd: reject }).catch(reject);
  });
  const ops = Array.from({ length: 20 }, (_, index) => witness.put(`/z/${index}`).value('y'.repeat(150_000)));
  for (const op of ops) await op;
  await witness.delete().key('/z/7').exec();
  await witness.put('/z/end').value('');
  await done;
  expect(events.map((event) => event.revision)).toEqual(events.map((_, index) => revision + 1 + index));
  expect(events).toHaveLength(22);
  expect(events[20]).toMatchObject({ type: 'delete', key: '/z/7' });
  expect(events[3]).toMatchObject({ type: 'put', key: '/z/3', value: Buffer.alloc(150_000, 'y') });
});

it('tells the status and compacts', async () => {
  const { revision } = await client.currentRevision();
  const status = await client.status();
  expect(status.version).toMatch(/^3\./);
  expect(status.databaseBytes).toBeGreaterThan(0);
  await client.compact(revision);
  await expect(client.range({ start: '/', end: '0', revision: revision - 1 })).rejects.toThrow('compacted');
  await expect(client.compact(revision + 1_000)).rejects.toThrow('future');
  expect(await client.putAtVersion({ key: '/v', value: 'a', expectedVersion: 0 })).toMatchObject({ version: 1 });
  expect(await client.putAtVersion({ key: '/v', value: 'a', expectedVersion: 0 })).toMatchObject({
    succeeded: false,
    version: 1,
  });
});
