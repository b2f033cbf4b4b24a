import type { Pod, PodStatus } from '@kubelab/api/types';
import type { KubeClient } from '@kubelab/client/client';
import { silentLogger } from '@kubelab/component/logger';
import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import { StatusManager } from './status-manager.js';

const ready = (status: 'True' | 'False'): PodStatus => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:00Z' }],
});

/** A server that takes every patch of a status as the whole of it, or ignores it. */
class Server {
  revision = 1;
  writes = 0;
  deaf = false;
  status: PodStatus = ready('False');

  pod(): Pod {
    const metadata = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: String(this.revision) };
    return { metadata, spec: { containers: [] }, status: this.status } as unknown as Pod;
  }

  /** Somebody else writes. */
  write(status: PodStatus): Pod {
    this.revision += 1;
    this.status = status;
    return this.pod();
  }

  readonly client = {
    patch: async () => {
      this.writes += 1;
      return this.deaf ? this.pod() : this.write(ready('True'));
    },
  } as unknown as KubeClient;
}

function start(): { server: Server; manager: StatusManager } {
  const server = new Server();
  const signal = new AbortController().signal;
  const manager = new StatusManager({ client: server.client, clock: new FakeClock(), logger: silentLogger, signal });
  return { server, manager };
}

test('what others write over a status is written back, as often as it happens', async () => {
  const { server, manager } = start();
  manager.set(server.pod(), ready('True'));
  await settle();
  for (let time = 0; time < 3; time++) {
    manager.set(server.write(ready('False')), ready('True'));
    await settle();
    expect(server.status).toEqual(ready('True'));
  }
});

test('a server that keeps something else is not asked again and again', async () => {
  const { server, manager } = start();
  server.deaf = true;
  manager.set(server.pod(), ready('True'));
  await settle();
  for (let time = 0; time < 3; time++) manager.set(server.pod(), ready('True'));
  await settle();
  expect(server.writes).toBe(1);
});
