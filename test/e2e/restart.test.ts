/** A machine that went down: `up` brings the same cluster back with its objects and pods. Runs last, because nothing is left standing. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { kubelab, makeNamespace, project, untilReady } from './lab.js';
import { run } from './process.js';

test('after all containers were killed at once', async () => {
  const space = await makeNamespace('restart');
  await kubectl.run(['-n', space.name, 'create', 'deployment', 'web', '--image=nginx', '--replicas=3']);
  await untilReady(kubectl, space.name, 'app=web', 3);
  await kubectl.run(['-n', space.name, 'create', 'configmap', 'memory', '--from-literal=kept=yes']);
  const nodes = await kubectl.run(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}']);

  const containers = (
    await run('docker', ['ps', '-q', '--filter', `label=com.docker.compose.project=${project}`])
  ).stdout
    .split('\n')
    .filter(Boolean);
  expect(containers.length).toBeGreaterThan(5);
  await run('docker', ['kill', ...containers]);
  const { code, stdout, stderr } = await kubelab(['up'], { timeoutMs: 170_000 });
  expect({ code, output: `${stdout}${stderr}` }).toEqual({ code: 0, output: expect.anything() });

  expect(await kubectl.run(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}'])).toBe(nodes);
  expect(await kubectl.run(['-n', space.name, 'get', 'configmap', 'memory', '-o', 'jsonpath={.data.kept}'])).toBe(
    'yes',
  );
  await untilReady(kubectl, space.name, 'app=web', 3, 120_000);
  await eventually(async () => expect(await kubectl.run(['get', 'nodes'])).not.toMatch(/NotReady/), {
    what: 'all nodes Ready',
  });
  await space.remove();
});

test('up --legacy-token-secrets gives every service account a Secret with a token that works', async () => {
  const space = await makeNamespace('legacy');
  try {
    expect((await kubectl.run(['-n', space.name, 'get', 'secrets', '-o', 'name'])).trim()).toBe('');
    expect(await kubelab(['up', '--legacy-token-secrets'])).toMatchObject({ code: 0 });
    const token = await eventually(
      async () => {
        const secrets = await kubectl.json<{ items: { type: string; data?: Record<string, string> }[] }>([
          '-n',
          space.name,
          'get',
          'secrets',
        ]);
        const found = secrets.items.find(({ type }) => type === 'kubernetes.io/service-account-token')?.data?.['token'];
        if (!found) throw new Error('no token Secret yet');
        return Buffer.from(found, 'base64').toString('utf8');
      },
      { what: 'a token Secret', timeoutMs: 60_000 },
    );
    // The admin's certificate would win over the token.
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const answer = JSON.parse(
      await kubectl.run(['create', '--validate=false', '-o', 'json', '-f', '-'], { input: JSON.stringify(review) }),
    ) as { status: unknown };
    expect(answer.status).toMatchObject({
      authenticated: true,
      user: { username: `system:serviceaccount:${space.name}:default` },
    });
  } finally {
    await space.remove();
  }
});
