import type { ContainerStatus, Pod } from '@kubelab/api/types';
import { podPhase } from './phase.js';

type Look = 'running' | 'waiting' | 'restarting' | 'ok' | 'failed';

const looks: Record<Look, Partial<ContainerStatus>> = {
  running: { state: { running: {} }, started: true },
  waiting: { state: { waiting: {} } },
  restarting: { state: { waiting: {} }, lastState: { terminated: { exitCode: 1 } } },
  ok: { state: { terminated: { exitCode: 0 } } },
  failed: { state: { terminated: { exitCode: 1 } } },
};

function phase(
  restartPolicy: string,
  app: Look[],
  options: { init?: Look[]; sidecar?: Look; terminal?: boolean } = {},
): string {
  const status = (name: string, look: Look): ContainerStatus => ({
    name,
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    ...looks[look],
  });
  const init = (options.init ?? []).map((_look, index) => ({ name: `i${index}` }));
  const side = options.sidecar ? [{ name: 'side', restartPolicy: 'Always' }] : [];
  const pod = {
    metadata: { name: 'p' },
    spec: {
      restartPolicy,
      initContainers: [...init, ...side],
      containers: app.map((_look, index) => ({ name: `a${index}` })),
    },
  } as unknown as Pod;
  const statuses = [
    ...app.map((look, index) => status(`a${index}`, look)),
    ...(options.init ?? []).map((look, index) => status(`i${index}`, look)),
    ...(options.sidecar ? [status('side', options.sidecar)] : []),
  ];
  return podPhase(pod, statuses, { terminal: options.terminal ?? false });
}

describe('podPhase', () => {
  test.each<[string, string, Look[], Parameters<typeof phase>[2], string]>([
    ['nothing has started', 'Always', ['waiting'], {}, 'Pending'],
    ['all run', 'Always', ['running', 'running'], {}, 'Running'],
    ['one still waits', 'Always', ['running', 'waiting'], {}, 'Pending'],
    ['one restarts', 'Always', ['running', 'restarting'], {}, 'Running'],
    ['all ended under Always', 'Always', ['ok'], {}, 'Running'],
    ['all succeeded', 'Never', ['ok', 'ok'], {}, 'Succeeded'],
    ['one failed under Never', 'Never', ['ok', 'failed'], {}, 'Failed'],
    ['one failed under OnFailure', 'OnFailure', ['ok', 'failed'], {}, 'Running'],
    ['one runs beside one that failed', 'Never', ['running', 'failed'], {}, 'Running'],
    ['it was ended under Always', 'Always', ['failed'], { terminal: true }, 'Failed'],
    ['it was ended well under Always', 'Always', ['ok'], { terminal: true }, 'Succeeded'],
    ['an init container runs', 'Always', ['waiting'], { init: ['running'] }, 'Pending'],
    ['an init container failed under Never', 'Never', ['waiting'], { init: ['failed'] }, 'Failed'],
    ['an init container failed under Always', 'Always', ['waiting'], { init: ['failed'] }, 'Pending'],
    ['init containers are done', 'Always', ['running'], { init: ['ok'] }, 'Running'],
    ['only the sidecar is left', 'Never', ['ok'], { sidecar: 'ok' }, 'Succeeded'],
    ['a sidecar restarts beside an app that runs', 'Always', ['running'], { sidecar: 'restarting' }, 'Running'],
  ])('%s', (_title, policy, app, options, expected) => {
    expect(phase(policy, app, options)).toBe(expected);
  });
});
