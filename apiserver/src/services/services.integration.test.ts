import type { ServiceSpec } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { systemClock } from '@kubelab/component/clock';
import { silentLogger } from '@kubelab/component/logger';
import { startEtcd, type TestEtcd } from '@kubelab/testkit/etcd';
import { eventually } from '@kubelab/testkit/eventually';
import { MemoryObjects } from '../authorization/memory-objects.js';
import { createServerLeases, type ServerLeases } from '../bootstrap/server-leases.js';
import { type EtcdStorage, openStorage } from '../storage/etcd-storage.js';
import { createServiceAllocations, type ServiceAllocations } from './service-room.js';

interface OneServer {
  storage: EtcdStorage;
  room: ServiceAllocations;
  leases: ServerLeases;
}

let etcd: TestEtcd;
let servers: OneServer[];

async function startServer(): Promise<OneServer> {
  const storage = await openStorage({ endpoints: [etcd.endpoint] });
  const room = createServiceAllocations({
    objects: new MemoryObjects(),
    storage,
    serviceNetwork: '10.96.0.0/24',
    nodePortRange: '30000-30199',
    clock: systemClock,
    logger: silentLogger,
  });
  const leaseStore = storage.resource({
    storagePath: 'masterleases',
    group: '',
    plural: 'endpoints',
    kind: 'Endpoints',
    apiVersion: 'v1',
  });
  return { storage, room, leases: createServerLeases(leaseStore, systemClock) };
}

beforeAll(async () => {
  etcd = await startEtcd();
  servers = [await startServer(), await startServer()];
});

afterAll(async () => {
  for (const { room, storage } of servers ?? []) {
    await room.stop();
    await storage.close();
  }
  await etcd?.stop();
});

function service(name: string, spec: Partial<ServiceSpec>): UnstructuredObject {
  const full = { ports: [{ port: 80, protocol: 'TCP' }], ...spec };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name },
    spec: full,
  } as unknown as UnstructuredObject;
}

const serverOf = (index: number): OneServer => servers[index % 2]!;
const specOf = (object: UnstructuredObject): ServiceSpec => object['spec'] as ServiceSpec;

test('two servers on one etcd never give an address or a port twice', async () => {
  const made = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const object = service(`s${index}`, { type: 'NodePort' });
      await serverOf(index).room.hook.beforeCreate!(object, { dryRun: false });
      return object;
    }),
  );
  expect(new Set(made.map((object) => specOf(object).clusterIP)).size).toBe(60);
  expect(new Set(made.map((object) => specOf(object).ports?.[0]?.nodePort)).size).toBe(60);
  // The other server gives back what the first one gave.
  await Promise.all(made.map((object, index) => serverOf(index + 1).room.hook.afterDelete!(object)));
  const [first] = made;
  const again = service('again', {
    type: 'NodePort',
    clusterIP: specOf(first!).clusterIP!,
    ports: specOf(first!).ports!,
  });
  await serverOf(0).room.hook.beforeCreate!(again, { dryRun: false });
});

test('an address that both want goes to one', async () => {
  const results = await Promise.allSettled(
    servers.map(({ room }, index) =>
      room.hook.beforeCreate!(service(`w${index}`, { clusterIP: '10.96.0.200' }), { dryRun: false }),
    ),
  );
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a server that stops renewing leaves the list, one that renews stays', async () => {
  const [one, two] = [serverOf(0).leases, serverOf(1).leases];
  await one.renew('172.18.0.2');
  await two.renew('172.18.0.3');
  await eventually(async () => expect(await one.list()).toEqual(['172.18.0.2', '172.18.0.3']));
  await eventually(
    async () => {
      await two.renew('172.18.0.3');
      expect(await one.list()).toEqual(['172.18.0.3']);
    },
    { timeoutMs: 40_000, intervalMs: 1_000 },
  );
}, 60_000);
