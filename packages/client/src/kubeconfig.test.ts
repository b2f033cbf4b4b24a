import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inClusterConfig, KubeconfigError, loadKubeconfig, parseKubeconfig } from './kubeconfig.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelab-kubeconfig-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const text = (more: { cluster?: object; user?: object; context?: object; current?: string } = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': more.current ?? 'lab',
    clusters: [{ name: 'lab', cluster: { server: 'https://127.0.0.1:6443', ...more.cluster } }],
    users: [{ name: 'admin', user: { ...more.user } }],
    contexts: [
      { name: 'lab', context: { cluster: 'lab', user: 'admin', ...more.context } },
      { name: 'other', context: { cluster: 'gone', user: 'admin' } },
    ],
  });

test('certificates, token and namespace of the current context', () => {
  const config = parseKubeconfig(
    text({
      cluster: { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kubernetes' },
      user: { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
      context: { namespace: 'shop' },
    }),
  );
  expect(config).toEqual({
    server: 'https://127.0.0.1:6443',
    ca: Buffer.from('CA'),
    cert: Buffer.from('CERT'),
    key: Buffer.from('KEY'),
    serverName: 'kubernetes',
    namespace: 'shop',
  });
});

test('YAML, with files relative to itself, and a token file that is read again every time', () => {
  writeFileSync(join(folder, 'ca.crt'), 'CA');
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'one\n');
  const path = join(folder, 'config');
  writeFileSync(
    path,
    `
current-context: lab
clusters: [{name: lab, cluster: {server: 'https://a', certificate-authority: ca.crt}}]
users: [{name: u, user: {tokenFile: ${tokenFile}}}]
contexts: [{name: lab, context: {cluster: lab, user: u}}]
`,
  );
  const config = loadKubeconfig(path);
  expect(config.ca?.toString()).toBe('CA');
  const token = config.token as () => string;
  expect(token()).toBe('one');
  writeFileSync(tokenFile, 'two');
  expect(token()).toBe('two');
});

test('insecure only when it says so', () => {
  expect(parseKubeconfig(text({ cluster: { 'insecure-skip-tls-verify': true } })).insecureSkipTlsVerify).toBe(true);
  expect(parseKubeconfig(text())).not.toHaveProperty('insecureSkipTlsVerify');
});

describe('refuses, in one sentence,', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a file that is not there',
      () => loadKubeconfig('/nonexistent/config'),
      /^kubeconfig \/nonexistent\/config cannot be read$/,
    ],
    ['nothing', () => parseKubeconfig(''), /is not a kubeconfig/],
    ['a text that is none', () => parseKubeconfig('hello'), /is not a kubeconfig/],
    ['broken YAML', () => parseKubeconfig('a: [', { path: '/k' }), /^\/k is not a kubeconfig/],
    ['an unknown context', () => parseKubeconfig(text(), { context: 'prod' }), /^kubeconfig has no context "prod"$/],
    ['no current context', () => parseKubeconfig(text({ current: '' })), /has no context ""/],
    [
      'a context of a cluster that is not there',
      () => parseKubeconfig(text(), { context: 'other' }),
      /has no cluster "gone"/,
    ],
    [
      'a certificate that is not there',
      () => parseKubeconfig(text({ user: { 'client-certificate': 'x.crt' } }), { path: '/k/config' }),
      /^\/k\/config names \/k\/x.crt, which cannot be read$/,
    ],
    [
      'a cluster without a server',
      () => parseKubeconfig(text({ cluster: { server: undefined } })),
      /cluster "lab" has no server/,
    ],
    [
      'being outside of a cluster',
      () => inClusterConfig({}),
      /^not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set$/,
    ],
  ])('%s', (_what, call, message) => {
    expect(call).toThrow(KubeconfigError);
    expect(call).toThrow(message);
  });
});
