import type { ServiceSpec } from '@kubelab/api/types';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { MemoryObjects } from '../authorization/memory-objects.js';
import type { Storage } from '../storage/store.js';
import { Bitmap } from './bitmap.js';
import { MemoryStore } from './memory-store.js';
import { parsePortRange } from './port-allocator.js';
import { createServiceAllocations } from './service-room.js';

const real = { dryRun: false };

function setUp({
  network = '10.96.0.0/24',
  ports = '30000-30099',
  stores = new Map<string, MemoryStore>(),
  objects = new MemoryObjects(),
} = {}) {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  const resource: Storage['resource'] = ({ storagePath }) => {
    const store = stores.get(storagePath) ?? new MemoryStore();
    stores.set(storagePath, store);
    return store;
  };
  const room = createServiceAllocations({
    objects,
    storage: { resource },
    serviceNetwork: network,
    nodePortRange: ports,
    clock,
    logger: silentLogger,
  });
  const service = (spec: Partial<ServiceSpec>, name = 'web') =>
    ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name },
      spec: { ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    }) as unknown as UnstructuredObject;
  const create = async (spec: Partial<ServiceSpec>, name?: string, options = real) => {
    const object = service(spec, name);
    const undo = await room.hook.beforeCreate!(object, options);
    return { object, spec: object['spec'] as ServiceSpec, undo };
  };
  const addresses = () =>
    stores
      .get('ipaddresses')!
      .peekAll()
      .map((entry) => entry.key);
  return { clock, room, service, create, addresses, stores, objects };
}

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => '',
    (error: Error) => error.message,
  );
const portOf = (spec: ServiceSpec, index = 0) => spec.ports?.[index]?.nodePort ?? 0;

describe('cluster IPs', () => {
  test('are given with both fields and the family', async () => {
    const { create, addresses } = setUp();
    const { spec } = await create({});
    expect(spec.clusterIP).toMatch(/^10\.96\.0\.\d+$/);
    expect(spec).toMatchObject({ clusterIPs: [spec.clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    expect(addresses()).toEqual([spec.clusterIP]);
  });

  test('may be chosen, once', async () => {
    const { create } = setUp();
    expect((await create({ clusterIP: '10.96.0.10' })).spec.clusterIPs).toEqual(['10.96.0.10']);
    expect(await messageOf(create({ clusterIP: '10.96.0.10' }, 'other'))).toBe(
      'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    );
  });

  test.each(['10.97.0.1', '10.96.0.0', '10.96.0.255'])('%s is not in the range', async (clusterIP) => {
    expect(await messageOf(setUp().create({ clusterIP }))).toBe(
      `Service "web" is invalid: spec.clusterIPs: Invalid value: ["${clusterIP}"]: failed to allocate IP ${clusterIP}: the provided network does not match the current range`,
    );
  });

  test('are not given to headless and external services', async () => {
    const { create, addresses } = setUp();
    expect((await create({ clusterIP: 'None', selector: { a: 'b' } })).spec).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
    });
    expect((await create({ type: 'ExternalName', externalName: 'x' }, 'e')).spec.clusterIP).toBeUndefined();
    expect(addresses()).toEqual([]);
  });

  test('run out with upstream’s words', async () => {
    const { create } = setUp({ network: '10.96.0.0/30' });
    await create({}, 'a');
    await create({}, 'b');
    expect(await messageOf(create({}, 'c'))).toBe(
      'Internal error occurred: failed to allocate a serviceIP: range is full',
    );
  });

  test('are never given twice by two servers on one storage', async () => {
    const stores = new Map<string, MemoryStore>();
    const [one, two] = [setUp({ stores }), setUp({ stores })];
    const wanted = Array.from({ length: 80 }, (_, index) =>
      (index % 2 ? one : two).create({ type: 'NodePort' }, `s${index}`),
    );
    const made = (await Promise.all(wanted)).map(({ spec }) => spec);
    expect(new Set(made.map((spec) => spec.clusterIP)).size).toBe(80);
    expect(new Set(made.map((spec) => portOf(spec))).size).toBe(80);
  });

  test('that two servers want at once go to one of them', async () => {
    const stores = new Map<string, MemoryStore>();
    const servers = [setUp({ stores }), setUp({ stores })];
    const results = await Promise.allSettled(
      servers.map(({ create }, index) => create({ clusterIP: '10.96.0.42' }, `s${index}`)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('that a service has are not lost when it is created again', async () => {
    const { create, addresses } = setUp();
    await create({ clusterIP: '10.96.0.42' });
    const again = create({ clusterIP: '10.96.0.42' }).then(({ undo }) => undo({ unsure: false }));
    expect(await messageOf(again)).toContain('failed to allocate IP 10.96.0.42: provided IP is already allocated');
    expect(addresses()).toEqual(['10.96.0.42']);
  });

  test('a dry run takes nothing', async () => {
    const { create, addresses } = setUp();
    const { spec } = await create({ type: 'NodePort' }, 'web', { dryRun: true });
    expect(spec.clusterIP).toBeDefined();
    expect(portOf(spec)).toBeGreaterThan(0);
    expect(addresses()).toEqual([]);
    expect(
      (await create({ type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort: portOf(spec) }] })).spec,
    ).toBeDefined();
  });

  test('go back when the write fails', async () => {
    const { create, addresses } = setUp();
    const { undo, spec } = await create({ type: 'NodePort' });
    await undo({ unsure: false });
    expect(addresses()).toEqual([]);
    const again = await create({ type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort: portOf(spec) }] });
    expect(portOf(again.spec)).toBe(portOf(spec));
  });

  test('stay taken when nobody knows what became of the write, until the repair finds them unused', async () => {
    const { create, addresses, room, clock } = setUp();
    const { undo, spec } = await create({ type: 'NodePort' });
    await undo({ unsure: true });
    expect(addresses()).toEqual([spec.clusterIP]);
    const ports = [{ port: 80, protocol: 'TCP', nodePort: portOf(spec) }];
    expect(await messageOf(create({ type: 'NodePort', ports }, 'other'))).toContain('already allocated');
    await clock.advance(61_000);
    for (let round = 0; round < 3; round++) await room.repair();
    expect(addresses()).toEqual([]);
    await create({ type: 'NodePort', ports }, 'other');
  });

  test('go back when the node port cannot be had', async () => {
    const { create, addresses } = setUp();
    await messageOf(create({ type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort: 1 }] }));
    expect(addresses()).toEqual([]);
  });

  test('a second family is refused', async () => {
    expect(await messageOf(setUp().create({ ipFamilyPolicy: 'RequireDualStack' }))).toContain(
      'this cluster is not configured for dual-stack services',
    );
    expect(await messageOf(setUp().create({ ipFamilies: ['IPv6'] }))).toContain(
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    );
  });
});

describe('node ports', () => {
  test('are given to every port, and may be chosen once', async () => {
    const { create } = setUp();
    const { spec } = await create({
      type: 'NodePort',
      ports: [
        { port: 80, protocol: 'TCP' },
        { port: 443, protocol: 'TCP', nodePort: 30_050 },
      ],
    });
    expect(portOf(spec)).toBeGreaterThanOrEqual(30_000);
    expect(portOf(spec, 1)).toBe(30_050);
    const ports = [{ port: 1, protocol: 'TCP', nodePort: 30_050 }];
    expect(await messageOf(create({ type: 'NodePort', ports }, 'other'))).toBe(
      'Service "other" is invalid: spec.ports[0].nodePort: Invalid value: 30050: provided port is already allocated',
    );
  });

  test('outside the range are refused', async () => {
    const ports = [{ port: 1, protocol: 'TCP', nodePort: 80 }];
    expect(await messageOf(setUp().create({ type: 'NodePort', ports }))).toContain(
      'provided port is not in the valid range. The range of valid ports is 30000-30099',
    );
  });

  test('are shared by the protocols of one port', async () => {
    const { create } = setUp();
    const { spec } = await create({
      type: 'NodePort',
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP' },
      ],
    });
    expect(portOf(spec)).toBe(portOf(spec, 1));
  });

  test('a load balancer with local traffic gets a health check port', async () => {
    const { create } = setUp();
    const { spec } = await create({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    expect(spec.healthCheckNodePort).not.toBe(portOf(spec));
  });

  test.each(['', '30000', '0-10', '40000-30000', '30000-70000', 'a-b'])('the range %j is refused at start', (text) => {
    expect(() => parsePortRange(text)).toThrow('--service-node-port-range');
  });
});

describe('updates', () => {
  test('that leave allocated values out keep them', async () => {
    const { room, create, service } = setUp();
    const { object: old, spec } = await create({ type: 'NodePort' });
    const object = service({ type: 'NodePort' });
    room.admission.admit!({
      definition: { group: '', plural: 'services' },
      operation: 'UPDATE',
      subresource: '',
      object,
      oldObject: old,
    } as never);
    await room.hook.beforeUpdate!(object, old, real);
    expect(object['spec']).toMatchObject({ clusterIP: spec.clusterIP, ports: [{ nodePort: portOf(spec) }] });
  });

  test('to another type give back once they are written, and not before', async () => {
    const { room, create, service, objects } = setUp();
    const { object: old, spec } = await create({ type: 'NodePort' });
    objects.put('services', old);
    const object = service({ type: 'ClusterIP', ports: structuredClone(spec.ports!) });
    await room.hook.beforeUpdate!(object, old, real);
    expect(portOf(object['spec'] as ServiceSpec)).toBe(0);
    const wanted = { type: 'NodePort', ports: [{ port: 1, protocol: 'TCP', nodePort: portOf(spec) }] };
    expect(await messageOf(create(wanted, 'other'))).toContain('already allocated');
    objects.put('services', object);
    await room.stop();
    expect(portOf((await create(wanted, 'other')).spec)).toBe(portOf(spec));
  });

  test('that fail give nothing back', async () => {
    const { room, create, service, objects, addresses } = setUp();
    const { object: old } = await create({});
    objects.put('services', old);
    const object = service({ type: 'ExternalName', externalName: 'x' });
    const undo = await room.hook.beforeUpdate!(object, old, real);
    await undo({ unsure: false });
    objects.put('services', old);
    await room.stop();
    expect(addresses()).toHaveLength(1);
  });
});

describe('deletion and repair', () => {
  test('deletion gives everything back', async () => {
    const { room, create, addresses } = setUp();
    const { object, spec } = await create({ type: 'NodePort' });
    await room.hook.afterDelete!(object);
    expect(addresses()).toEqual([]);
    await create({ type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort: portOf(spec) }] });
  });

  test('deletion does not take an address that is somebody else’s by now', async () => {
    const { room, create, addresses } = setUp();
    const { object } = await create({ clusterIP: '10.96.0.9' });
    await room.hook.afterDelete!(object);
    await create({ clusterIP: '10.96.0.9' }, 'other');
    await room.hook.afterDelete!(object);
    expect(addresses()).toEqual(['10.96.0.9']);
  });

  test('repair takes what services have and frees what nobody has, after a while', async () => {
    const { room, create, clock, addresses, objects, service } = setUp();
    await create({ clusterIP: '10.96.0.7' }, 'lost');
    objects.put(
      'services',
      service({ type: 'NodePort', clusterIP: '10.96.0.5', ports: [{ port: 80, protocol: 'TCP', nodePort: 30_007 }] }),
    );
    await room.repair();
    expect(addresses()).toEqual(['10.96.0.5', '10.96.0.7']);
    await clock.advance(61_000);
    await room.repair();
    expect(addresses()).toEqual(['10.96.0.5']);
    const taken = { type: 'NodePort', ports: [{ port: 1, protocol: 'TCP', nodePort: 30_007 }] };
    expect(await messageOf(create(taken, 'x'))).toContain('already allocated');
  });

  test('repair frees a lost port only after three rounds', async () => {
    const { room, create } = setUp();
    const ports = [{ port: 1, protocol: 'TCP', nodePort: 30_020 }];
    await create({ type: 'NodePort', ports }, 'lost');
    for (const round of [1, 2]) {
      await room.repair();
      expect(await messageOf(create({ type: 'NodePort', ports }, `r${round}`))).toContain('already allocated');
    }
    await room.repair();
    await create({ type: 'NodePort', ports }, 'r3');
  });

  test('a reserved address waits for its service, which may reserve it again', async () => {
    const { room, create } = setUp();
    await room.reserve('10.96.0.1', { namespace: 'default', name: 'kubernetes' });
    expect(await messageOf(create({ clusterIP: '10.96.0.1' }))).toContain('already allocated');
    await room.reserve('10.96.0.1', { namespace: 'default', name: 'kubernetes' });
    expect(await messageOf(room.reserve('10.96.0.1', { namespace: 'default', name: 'x' }))).toContain('allocated');
  });
});

test('the bitmap reads back what it wrote, and survives garbage', () => {
  for (const used of [[], [0], [7, 8], [0, 63, 64, 2767]]) {
    expect([...Bitmap.decode(new Bitmap(used).encode(), 2768).offsets()].sort((a, b) => a - b)).toEqual(used);
  }
  expect([...Bitmap.decode('!!not base64!!', 10).offsets()].every((offset) => offset < 10)).toBe(true);
});
