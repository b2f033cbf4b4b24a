import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError, UsageError } from '../errors.js';
import { runsAsAsked } from '../up/steps/containers.js';
import { refuseOtherRuntime } from '../up/up.js';
import { demultiplex, type LabContainer } from './containers.js';
import { composeEnvironment, openLab, recordOf, saveRecord } from './lab.js';
import { defaultSettings, mergeFacts, validateSettings } from './settings.js';

describe('a lab', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kubelab-lab-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('keeps its kubeconfig where plain Compose writes it; side projects have folders of their own', () => {
    expect(openLab('kubelab', root).kubeconfig).toBe(join(root, '.kubelab/kubeconfig'));
    expect(openLab('other', root).kubeconfig).toBe(join(root, '.kubelab/projects/other/kubeconfig'));
  });

  it.each(['', 'Upper', '../x', '-x', 'a b'])('cannot be called "%s"', (name) => {
    expect(() => openLab(name, root)).toThrow(UsageError);
  });

  it('remembers how it was brought up', () => {
    const lab = openLab('kubelab', root);
    expect(recordOf(lab)).toEqual({ settings: defaultSettings });
    saveRecord(lab, { settings: { ...defaultSettings, nodes: 5 }, applied: 'abc' });
    expect(recordOf(lab)).toEqual({ settings: { ...defaultSettings, nodes: 5 }, applied: 'abc' });
  });

  it('takes free ports beside the default lab', () => {
    const { settings } = recordOf(openLab('other', root));
    expect([settings.registryPort, settings.etcdMetricsPort, settings.schedulerPort]).toEqual([0, 0, 0]);
    expect(settings.apiPort).not.toBe(defaultSettings.apiPort);
  });

  it('says what to do about a damaged record', () => {
    const lab = openLab('kubelab', root);
    saveRecord(lab, { settings: defaultSettings });
    writeFileSync(lab.recordFile, '{');
    expect(() => recordOf(lab)).toThrow(CliError);
  });

  it('gives docker-compose.yml its settings', () => {
    const lab = openLab('kubelab', root);
    expect(composeEnvironment(lab, { ...defaultSettings, failureClock: 'fast', runtime: 'containerd' })).toMatchObject({
      COMPOSE_PROJECT_NAME: 'kubelab',
      KUBELAB_FAILURE_CLOCK: 'fast',
      KUBELAB_RUNTIME: 'containerd',
      KUBELAB_NODES: '3',
      KUBELAB_LEGACY_TOKEN_SECRETS: 'false',
      KUBELAB_NODE_CPU: '0',
      KUBELAB_NODE_MEMORY: '2147483648',
    });
  });
});

describe('mergeFacts', () => {
  it('adds up what several starts did', () => {
    const file = { file: '/root/.kube/config', created: true };
    const first = mergeFacts({}, { machine: { packages: ['docker.io'], engine: 'by systemd' }, userKubeconfig: file });
    expect(mergeFacts(first, { machine: { packages: ['mmdebstrap'] } })).toEqual({
      machine: { packages: ['docker.io', 'mmdebstrap'], engine: 'by systemd' },
      userKubeconfig: file,
    });
    expect(mergeFacts(first, { userKubeconfig: { ...file, created: false } }).userKubeconfig).toEqual(file);
    const other = { file: '/home/me/config', created: false };
    expect(mergeFacts(first, { userKubeconfig: other }).userKubeconfig).toEqual(other);
  });
});

describe('the runtime of a lab', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kubelab-lab-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is chosen with the first up and then stays', () => {
    const lab = openLab('kubelab', root);
    expect(() => refuseOtherRuntime(lab, { runtime: 'containerd' })).not.toThrow();
    saveRecord(lab, { settings: { ...defaultSettings, runtime: 'containerd' } });
    expect(() => refuseOtherRuntime(lab, {})).not.toThrow();
    expect(() => refuseOtherRuntime(lab, { runtime: 'containerd' })).not.toThrow();
    expect(() => refuseOtherRuntime(lab, { runtime: 'docker' })).toThrow(
      'The nodes of kubelab run containerd; the runtime of an existing cluster cannot be changed.',
    );
  });
});

describe('validateSettings', () => {
  it.each([
    ['no nodes', { nodes: 0 }, '--nodes must be between 1 and 250'],
    ['half a node', { nodes: 1.5 }, '--nodes must be between 1 and 250'],
    ['a port that is none', { apiPort: 70_000 }, '--api-port must be between 1 and 65535'],
    ['any port for the API, which kubeconfigs must name', { apiPort: 0 }, '--api-port must be between 1 and 65535'],
    ['a size without a number', { nodeMemory: 'much' }, '--node-memory must be a size such as 2Gi'],
    ['CPUs in words', { nodeCpu: 'two' }, '--node-cpu must be a number such as 2 or 500m'],
  ])('refuses %s', (_, change, problem) => {
    expect(validateSettings({ ...defaultSettings, ...change })).toEqual([problem]);
  });

  it('accepts the defaults', () => {
    expect(validateSettings(defaultSettings)).toEqual([]);
  });
});

describe('runsAsAsked', () => {
  const container = (service: string, state = 'running', status = 'Up', number = 1): LabContainer => ({
    id: `${service}-${number}`,
    name: service,
    service,
    node: `${service}-${number}`,
    number,
    state,
    status,
    image: '',
    address: '',
    ports: new Map(),
  });
  const all = [
    ...['etcd', 'apiserver', 'scheduler', 'controller-manager', 'registry', 'node'].map((name) => container(name)),
    ...['pki', 'seed', 'addons'].map((name) => container(name, 'exited', 'Exited (0) 2 minutes ago')),
  ];
  const without = (service: string): LabContainer[] => all.filter((item) => item.service !== service);

  it.each([
    ['everything runs', all, 1, true],
    ['a component is missing', without('scheduler'), 1, false],
    ['a component is frozen', [...without('etcd'), container('etcd', 'paused')], 1, false],
    ['a step has failed', [...without('seed'), container('seed', 'exited', 'Exited (1) now')], 1, false],
    ['a step still runs', [...without('addons'), container('addons')], 1, false],
    ['a node was killed', [...without('node'), container('node', 'exited')], 1, false],
    ['more nodes are asked for', all, 2, false],
    ['fewer nodes are asked for', [...all, container('node', 'exited', '', 2)], 1, false],
  ])('when %s: %s', (_, containers, nodes, expected) => {
    expect(runsAsAsked(containers, { nodes })).toBe(expected);
  });
});

describe('demultiplex', () => {
  const frame = (stream: number, text: string): Buffer => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };

  it('joins both streams in the order they came', () => {
    expect(demultiplex(Buffer.concat([frame(1, 'a\n'), frame(2, 'ü\n'), frame(1, '')]))).toBe('a\nü\n');
  });

  it('takes what there is of a cut frame', () => {
    expect(demultiplex(frame(1, 'hello').subarray(0, 10))).toBe('he');
  });
});
