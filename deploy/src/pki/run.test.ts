import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKubeconfig } from '@kubelab/client/kubeconfig';
import { parseFlags } from '@kubelab/component/flags';
import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { flags, type PkiConfig, validate } from './config.js';
import { runPki } from './run.js';

const day = 24 * 60 * 60 * 1000;

describe('the pki step', () => {
  let root: string;
  let clock: FakeClock;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kubelab-pki-'));
    clock = new FakeClock(Date.now());
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const config = (...argv: string[]): PkiConfig =>
    parseFlags({ name: 'pki', description: '', flags }, [
      `--volumes=${root}/volumes`,
      `--admin-kubeconfig=${root}/output/kubeconfig`,
      ...argv,
    ]);
  const run = (...argv: string[]): Promise<void> => runPki(config(...argv), { logger: silentLogger, clock });
  const read = (path: string): string => readFileSync(join(root, 'volumes', path), 'utf8');
  const snapshot = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(root, 'volumes'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(root.length), readFileSync(path, 'utf8')]),
    );
  const changed = (before: Record<string, string>): string[] =>
    Object.entries(snapshot())
      .filter(([path, content]) => before[path] !== content)
      .map(([path]) => path.replace('/volumes/', ''))
      .sort();

  it('gives every reader its files and nobody a key that is not theirs', async () => {
    await run();
    const files = (volume: string): string[] => readdirSync(join(root, 'volumes', volume)).sort();
    expect(files('etcd')).toEqual(['ca.crt', 'server.crt', 'server.key']);
    expect(files('node')).toEqual(['bootstrap-kubelet.conf', 'ca.crt', 'kube-proxy.conf']);
    expect(files('addons')).toEqual(['addons.conf', 'bootstrap-token']);
    expect(files('scheduler')).toEqual(['ca.crt', 'scheduler.conf', 'scheduler.crt', 'scheduler.key']);
    expect(files('controller-manager')).toEqual([
      'ca.crt',
      'ca.key',
      'controller-manager.conf',
      'controller-manager.crt',
      'controller-manager.key',
      'sa.key',
    ]);
    expect(files('apiserver')).toEqual([
      'apiserver-etcd-client.crt',
      'apiserver-etcd-client.key',
      'apiserver-kubelet-client.crt',
      'apiserver-kubelet-client.key',
      'apiserver.crt',
      'apiserver.key',
      'ca.crt',
      'etcd-ca.crt',
      'front-proxy-ca.crt',
      'front-proxy-client.crt',
      'front-proxy-client.key',
      'kube-proxy.conf',
      'sa.key',
      'sa.pub',
    ]);
  });

  it('lets only root read keys and kubeconfigs', async () => {
    await run();
    const mode = (path: string): number => statSync(join(root, 'volumes', path)).mode & 0o777;
    expect(mode('apiserver/apiserver.key')).toBe(0o600);
    expect(mode('node/kube-proxy.conf')).toBe(0o600);
    expect(mode('addons/bootstrap-token')).toBe(0o600);
    expect(mode('node/ca.crt')).toBe(0o644);
    expect(statSync(join(root, 'output/kubeconfig')).mode & 0o777).toBe(0o600);
  });

  it('serves the API server under all of its names', async () => {
    await run('--api-server-extra-sans=lab.example.com,192.168.1.5');
    const certificate = new X509Certificate(read('apiserver/apiserver.crt'));
    expect(certificate.subjectAltName?.split(', ').sort()).toEqual(
      [
        'DNS:apiserver',
        'DNS:kubernetes',
        'DNS:kubernetes.default',
        'DNS:kubernetes.default.svc',
        'DNS:kubernetes.default.svc.cluster.local',
        'DNS:lab.example.com',
        'DNS:localhost',
        'IP Address:10.96.0.1',
        'IP Address:127.0.0.1',
        'IP Address:192.168.1.5',
      ].sort(),
    );
    expect(certificate.verify(new X509Certificate(read('node/ca.crt')).publicKey)).toBe(true);
  });

  it("writes the admin's kubeconfig with the published port", async () => {
    await run('--api-server-port=16443', '--context-name=other');
    const text = readFileSync(join(root, 'output/kubeconfig'), 'utf8');
    const { server, cert } = parseKubeconfig(text, { context: 'other' });
    expect(server).toBe('https://127.0.0.1:16443');
    expect(new X509Certificate(cert as Buffer).subject).toBe('O=system:masters\nCN=kubernetes-admin');
  });

  it('changes nothing when run again', async () => {
    await run();
    const before = snapshot();
    await run();
    expect(changed(before)).toEqual([]);
  });

  it('reissues only the certificate whose names changed, from the same authority', async () => {
    await run();
    const before = snapshot();
    await run('--api-server-extra-sans=lab.example.com');
    expect(changed(before)).toEqual([
      'apiserver/apiserver.crt',
      'apiserver/apiserver.key',
      'ca/apiserver.crt',
      'ca/apiserver.key',
    ]);
  });

  it('renews what is about to expire and keeps authorities, token and service account key', async () => {
    await run();
    const before = snapshot();
    await clock.advance(340 * day);
    await run();
    const after = changed(before);
    expect(after).toContain('scheduler/scheduler.crt');
    for (const kept of [
      'ca/ca.crt',
      'ca/etcd-ca.crt',
      'ca/front-proxy-ca.crt',
      'apiserver/sa.key',
      'addons/bootstrap-token',
    ]) {
      expect(after).not.toContain(kept);
    }
  });

  it('replaces a damaged certificate and one whose key is another', async () => {
    await run();
    writeFileSync(join(root, 'volumes/ca/scheduler.crt'), 'not a certificate');
    writeFileSync(join(root, 'volumes/ca/etcd-server.key'), read('ca/scheduler.key'));
    const before = snapshot();
    await run();
    expect(changed(before)).toEqual(
      expect.arrayContaining(['ca/scheduler.crt', 'ca/etcd-server.crt', 'scheduler/scheduler.crt', 'etcd/server.crt']),
    );
  });

  it('reissues everything of an authority that was lost', async () => {
    await run();
    rmSync(join(root, 'volumes/ca/etcd-ca.key'));
    const before = snapshot();
    await run();
    const after = changed(before);
    expect(after).toEqual(
      expect.arrayContaining(['etcd/ca.crt', 'etcd/server.crt', 'apiserver/apiserver-etcd-client.crt']),
    );
    expect(after).not.toContain('apiserver/apiserver.crt');
  });

  it.each([
    ['no place for the kubeconfig', ['--admin-kubeconfig='], '--admin-kubeconfig is required'],
    ['a port that is none', ['--api-server-port=0'], '--api-server-port must be between 1 and 65535'],
    [
      'a renewal that would never end',
      ['--renew-before=9000h'],
      '--renew-before must be shorter than --certificate-validity',
    ],
  ])('refuses %s', (_, argv, problem) => {
    expect(validate(config(...argv))).toEqual([problem]);
  });
});
