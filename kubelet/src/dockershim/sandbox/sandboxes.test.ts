import { silentLogger } from '@kubelab/component/logger';
import { complete } from '@kubelab/proto/complete';
import type * as cri from '@kubelab/proto/generated/runtime-v1';
import { label, sandboxType } from '../engine/names.js';
import { OomScores } from '../engine/oom-score.js';
import { Semaphore } from '../engine/semaphore.js';
import { StatusCache } from '../events/status-cache.js';
import { Sandboxes, type SandboxesOptions } from './sandboxes.js';

/** An engine that notes what goes on at the same time. */
class Engine {
  readonly overlaps: string[] = [];
  readonly calls: string[] = [];
  readonly states = new Map<string, boolean>();
  readonly #active = new Set<string>();
  #ids = 0;

  async #during(what: string, id: string, change: () => void): Promise<void> {
    this.calls.push(`${what} ${id}`);
    for (const other of this.#active) this.overlaps.push([other, what].sort().join('+'));
    this.#active.add(what);
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.#active.delete(what);
    change();
  }

  createContainer = async () => {
    const id = `s${this.#ids++}`;
    this.states.set(id, false);
    return { id };
  };

  listContainers = async () => [];

  getContainer = (id: string) => ({
    start: () => this.#during('start', id, () => this.states.set(id, true)),
    kill: () => this.#during('kill', id, () => this.states.set(id, false)),
    remove: async () => void this.states.delete(id),
    inspect: async () => {
      if (!this.states.has(id)) throw Object.assign(new Error('no such container'), { statusCode: 404 });
      return {
        Id: id,
        Name: `/k8s_POD_web_default_${id}_0`,
        Created: '2026-01-01T00:00:00Z',
        State: { Running: this.states.get(id) },
        Config: { Labels: { [label.type]: sandboxType } },
        HostConfig: {},
        NetworkSettings: { Networks: {} },
      };
    },
  });
}

function make(): { engine: Engine; sandboxes: Sandboxes } {
  const engine = new Engine();
  const options = {
    docker: engine,
    facts: { get: async () => ({ cgroupDriver: 'cgroupfs', defaultRuntime: 'runc' }) },
    image: 'pause',
    cgroupParent: '',
    publishHostPorts: false,
    oomScores: new OomScores(-1000, silentLogger),
    starts: new Semaphore(4),
    logger: silentLogger,
    hostPorts: { publish: async () => undefined, release: async () => undefined },
    statuses: new StatusCache(),
    containerChanged: () => undefined,
    requireNetwork: () => undefined,
    ensureImage: async () => undefined,
  };
  return { engine, sandboxes: new Sandboxes(options as unknown as SandboxesOptions) };
}

const config = (name: string): cri.PodSandboxConfig =>
  complete('PodSandboxConfig', { metadata: { name, namespace: 'default', uid: name, attempt: 0 } });

test('no sandbox leaves the network while another one comes or goes: the engine would hang', async () => {
  const { engine, sandboxes } = make();
  const ids = await Promise.all(['a', 'b', 'c'].map((name) => sandboxes.run(config(name), '')));
  expect(engine.overlaps).toContain('start+start');
  await Promise.all([
    sandboxes.stop(ids[0] ?? ''),
    sandboxes.run(config('d'), ''),
    sandboxes.remove(ids[1] ?? ''),
    sandboxes.run(config('e'), ''),
    sandboxes.stop(ids[2] ?? ''),
  ]);
  expect(engine.overlaps.filter((overlap) => overlap.includes('kill'))).toEqual([]);
  expect([...engine.states.values()].filter((isRunning) => isRunning)).toHaveLength(2);
});

test('a sandbox that does not run is removed without being stopped, and one that is gone may be removed again', async () => {
  const { engine, sandboxes } = make();
  const id = await sandboxes.run(config('a'), '');
  await sandboxes.stop(id);
  await sandboxes.remove(id);
  await sandboxes.remove(id);
  expect(engine.calls).toEqual([`start ${id}`, `kill ${id}`]);
});
