/** What is wrong is refused in upstream's words, and nothing falls over. */

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { kubectl, kubectls } from './kubectl.js';
import { makeNamespace } from './lab.js';

let space: Awaited<ReturnType<typeof makeNamespace>>;
beforeAll(async () => {
  space = await makeNamespace('bad');
});
afterAll(() => space.remove());

interface Admin {
  server: string;
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

async function admin(): Promise<Admin> {
  const view = JSON.parse(await kubectl.run(['config', 'view', '--raw', '--minify', '-o', 'json'])) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const of = (record: Record<string, string> | undefined, name: string): Buffer =>
    record?.[`${name}-data`] ? Buffer.from(record[`${name}-data`] ?? '', 'base64') : readFileSync(record?.[name] ?? '');
  const [cluster, user] = [view.clusters[0]?.cluster, view.users[0]?.user];
  return {
    server: cluster?.['server'] ?? '',
    ca: of(cluster, 'certificate-authority'),
    cert: of(user, 'client-certificate'),
    key: of(user, 'client-key'),
  };
}

/** A request by hand: bytes that no client would send. */
async function send(
  method: string,
  path: string,
  options: { body?: string | Buffer; headers?: Record<string, string>; anonymous?: boolean } = {},
): Promise<{ code: number; body: string }> {
  const { server, ca, cert, key } = await admin();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${server}${path}`,
      { method, ca, ...(options.anonymous ? {} : { cert, key }), headers: options.headers ?? {}, agent: false },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString('utf8');
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

const json = { 'Content-Type': 'application/json' };
const collection = (): string => `/api/v1/namespaces/${space.name}/configmaps`;

describe.each(kubectls.map((client) => [client.name, client] as const))('%s', (_name, client) => {
  test('an unknown field is refused by validation', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'nginx', imagee: 'typo' }] },
    };
    const { code, stderr } = await client.try(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(pod) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/unknown field "(spec\.containers\[0\]\.)?imagee"/);
  });

  test('an invalid object is refused with every reason', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'Not_Valid' },
      spec: { containers: [{ name: 'c' }, { name: 'c', image: 'x' }], restartPolicy: 'Sometimes' },
    };
    const { stderr } = await client.try(['-n', space.name, 'create', '--validate=false', '-f', '-'], {
      input: JSON.stringify(pod),
    });
    expect(stderr).toMatch(/The Pod "Not_Valid" is invalid:/);
    expect(stderr).toMatch(
      /metadata\.name: Invalid value: "Not_Valid": a lowercase RFC 1123 subdomain must consist of/,
    );
    expect(stderr).toMatch(/spec\.containers\[0\]\.image: Required value/);
    expect(stderr).toMatch(/spec\.containers\[1\]\.name: Duplicate value: "c"/);
    expect(stderr).toMatch(
      /spec\.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"/,
    );
  });

  test('malformed YAML is refused by kubectl, and what is immutable stays', async () => {
    expect((await client.try(['create', '-f', '-'], { input: 'a: [1' })).code).toBe(1);
    await client.try(['-n', space.name, 'create', 'deployment', 'fixed', '--image=nginx', '--replicas=0']);
    const patch =
      '{"spec":{"selector":{"matchLabels":{"app":"other"}},"template":{"metadata":{"labels":{"app":"other"}}}}}';
    const { stderr } = await client.try(['-n', space.name, 'patch', 'deployment', 'fixed', '-p', patch]);
    expect(stderr).toMatch(/spec\.selector: Invalid value: .*: field is immutable/);
  });
});

test('a wrong token is 401, no token is anonymous and gets only health and version', async () => {
  expect(
    await send('GET', '/api/v1/pods', { anonymous: true, headers: { Authorization: 'Bearer wrong' } }),
  ).toMatchObject({ code: 401, body: expect.stringContaining('"reason":"Unauthorized"') });
  const refused = await send('GET', '/api/v1/pods', { anonymous: true });
  expect(refused.code).toBe(403);
  expect(refused.body).toContain(
    'pods is forbidden: User \\"system:anonymous\\" cannot list resource \\"pods\\" in API group \\"\\" at the cluster scope',
  );
  for (const path of ['/healthz', '/livez', '/readyz', '/version'])
    expect((await send('GET', path, { anonymous: true })).code).toBe(200);
  for (const path of ['/metrics', '/apis', '/openapi/v2', '/'])
    expect((await send('GET', path, { anonymous: true })).code).toBe(403);
});

test.each<[string, string, number]>([
  ['truncated JSON', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"', 400],
  ['no JSON at all', 'hello', 400],
  ['an empty body', '', 400],
  ['another kind', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}', 400],
  ['a wrong type', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":1}}', 400],
  ['no name', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}', 422],
  ['an array', '[]', 400],
])('%s is refused', async (_name, body, code) => {
  const answer = await send('POST', collection(), { body, headers: json });
  expect(answer.code).toBe(code);
  expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', status: 'Failure', code });
});

test('dangerous and oversized input does no harm', async () => {
  const polluted = await send('POST', collection(), {
    headers: json,
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"__proto__":{"polluted":true}}',
  });
  expect(polluted.code).toBeLessThan(500);
  const deep = await send('POST', collection(), {
    headers: json,
    body: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  });
  expect(deep.code).toBe(400);
  const large = await send('POST', collection(), { headers: json, body: Buffer.alloc(4 * 1024 * 1024, 'a') }).catch(
    () => ({ code: 413, body: '' }),
  );
  expect(large.code).toBe(413);
  expect(
    (
      await send('POST', collection(), {
        body: 'a=b',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      })
    ).code,
  ).toBe(415);
  expect((await send('GET', `${collection()}?labelSelector=a%20b%20c`)).code).toBe(400);
  expect((await send('GET', '/api/v1/nothing')).code).toBe(404);
  expect((await send('PUT', '/api/v1/namespaces', { body: '{}', headers: json })).code).toBe(405);
  expect((await send('GET', '/readyz')).body).toBe('ok');
});
