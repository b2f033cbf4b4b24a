/** A registry of one's own: TLS by its own CA and a password, as with Harbor. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace, project, root } from './lab.js';
import { pushAs } from './node-runtime.js';
import { run } from './process.js';

const host = `harbor-${process.pid.toString(36)}.test:5000`;
const user = 'robot';
const password = 'Harbor12345';
/** bcrypt of the password. */
const hash = '$2b$05$uEu9SlZDqWpLyjYWB0jAX.f0OPMT8a8tFaVP2VKIvYlmtNSUV3LwG';
const trusted = join(root, 'deploy/ca/registries', host);
const image = `${host}/team/tool:1`;

let space: Awaited<ReturnType<typeof makeNamespace>>;
let folder: string;
const container = `${project}-private-registry`;

async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('docker', args, { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trim();
}

async function containerOf(service: string): Promise<string> {
  const labels = [`label=com.docker.compose.project=${project}`, `label=com.docker.compose.service=${service}`];
  const ids = await docker('ps', '-q', ...labels.flatMap((label) => ['--filter', label]));
  return ids.split('\n')[0] ?? '';
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function makeCertificates(): void {
  const [name = ''] = host.split(':');
  writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${name}`);
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '1',
    '-subj',
    '/CN=private-ca',
  );
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', `/CN=${name}`);
  openssl(
    'x509',
    '-req',
    '-in',
    'tls.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'tls.crt',
    '-days',
    '1',
    '-extfile',
    'names',
  );
}

/** Debian's registry, as the lab has it, beside the lab's own. */
async function startRegistry(): Promise<void> {
  const own = await containerOf('registry');
  const network = await docker(
    'inspect',
    own,
    '--format',
    '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}',
  );
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: '/tmp/registry' } },
    http: { addr: ':5000', tls: { certificate: '/private/tls.crt', key: '/private/tls.key' } },
    auth: { htpasswd: { realm: 'private', path: '/private/htpasswd' } },
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  writeFileSync(join(folder, 'htpasswd'), `${user}:${hash}\n`);
  const alias = host.split(':')[0] ?? '';
  const source = await docker('inspect', own, '--format', '{{.Config.Image}}');
  await docker(
    'create',
    '--name',
    container,
    '--network',
    network,
    '--network-alias',
    alias,
    '--user',
    '0',
    source,
    'docker-registry',
    'serve',
    '/private/config.yml',
  );
  await docker('cp', folder, `${container}:/private`);
  await docker('start', container);
}

/** From a node, which has an engine that may reach it. */
async function push(): Promise<void> {
  const node = await containerOf('node');
  for (const command of pushAs('busybox:1.36', image, { user, password })) {
    await eventually(() => docker('exec', node, 'sh', '-c', command), { what: command, timeoutMs: 30_000 });
  }
}

beforeAll(async () => {
  space = await makeNamespace('private');
  folder = mkdtempSync(join(tmpdir(), 'kubelab-registry-'));
  makeCertificates();
  mkdirSync(trusted, { recursive: true });
  writeFileSync(join(trusted, 'ca.crt'), readFileSync(join(folder, 'ca.crt')));
  await startRegistry();
  await push();
});
afterAll(async () => {
  await run('docker', ['rm', '-f', container]);
  rmSync(trusted, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  await space.remove();
});

const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];

async function start(name: string, secret?: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, imagePullPolicy: 'Always', command: ['echo', 'from far away'] }],
      ...(secret ? { imagePullSecrets: [{ name: secret }] } : {}),
    },
  };
  await kubectl.run(inSpace('create', '-f', '-'), { input: JSON.stringify(pod) });
}

const secretOf = (name: string, word: string): Promise<string> =>
  kubectl.run(
    inSpace(
      'create',
      'secret',
      'docker-registry',
      name,
      `--docker-server=${host}`,
      `--docker-username=${user}`,
      `--docker-password=${word}`,
    ),
  );

test('a pull with the right password, with a wrong one, and with none', async () => {
  await secretOf('right', password);
  await secretOf('wrong', 'guess');
  await start('welcome', 'right');
  await start('stranger', 'wrong');
  await start('nobody');
  await start('forgetful', 'nosuch');
  await eventually(async () => expect(await kubectl.run(inSpace('logs', 'welcome'))).toBe('from far away\n'), {
    what: 'the private image runs',
    timeoutMs: 60_000,
  });
  const says = (name: string, parts: RegExp[]): Promise<void> =>
    eventually(
      async () => {
        const description = await kubectl.run(inSpace('describe', 'pod', name));
        for (const part of parts) expect(description).toMatch(part);
      },
      { what: `why ${name} does not start`, timeoutMs: 60_000 },
    );
  const refused = [
    /Reason:\s+(ErrImagePull|ImagePullBackOff)/,
    /Warning\s+Failed\s.*Failed to pull image ".*\/team\/tool:1": rpc error: code = \w+ desc = .*(unauthorized|Unauthorized|no basic auth credentials|authentication required)/,
    /Warning\s+Failed\s.*Error: ErrImagePull/,
  ];
  await says('stranger', refused);
  await says('nobody', refused);
  await says('forgetful', [
    /Warning\s+FailedToRetrieveImagePullSecret\s.*Unable to retrieve some image pull secrets \(nosuch\); attempting to pull the image may not succeed\./,
  ]);
});
