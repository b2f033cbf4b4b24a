import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { TestNode } from '../testing/test-node.js';

jest.setTimeout(30_000);

const lifeMs = 600_000;
let node: TestNode;
let clock: FakeClock;
/** How far the API server's clock is behind the node's. */
let behindMs: number;
let answers: boolean;

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  behindMs = 0;
  answers = true;
  node = await TestNode.start({ clock });
  node.cluster.respond = () => {
    if (!answers) throw new Error('connect ECONNREFUSED');
    const expirationTimestamp = new Date(clock.now() - behindMs + lifeMs).toISOString();
    return { status: { token: `token-${requests()}`, expirationTimestamp } };
  };
});
afterEach(() => node.stop());

const requests = (): number => node.cluster.writes.filter(({ type }) => type === 'serviceaccounts/token').length;
const token = (): Promise<string> =>
  readFile(join(node.root, 'kubelet/memory/uid-web/kubernetes.io~projected/access/token'), 'utf8');

async function startPod(): Promise<void> {
  const access = { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: lifeMs / 1000 } }] };
  await node.createPod('web', {
    containers: [{ name: 'app', image: 'app:1', volumeMounts: [{ name: 'access', mountPath: '/access' }] }],
    volumes: [{ name: 'access', projected: access }],
  });
  await node.untilReady('web');
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    await clock.advance(5_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('a running pod finds a new token in its file when most of the old one’s life is over', async () => {
  await startPod();
  expect(await token()).toBe('token-1');
  await pass(lifeMs * 0.7);
  expect([await token(), requests()]).toEqual(['token-1', 1]);
  await pass(lifeMs * 0.15);
  expect([await token(), requests()]).toEqual(['token-2', 2]);
  expect(node.runtime.named('app')).toHaveLength(1);
});

test('a token that cannot be renewed stays, and is tried for once in a while', async () => {
  await startPod();
  answers = false;
  await pass(lifeMs * 0.95);
  expect(await token()).toBe('token-1');
  expect(requests()).toBeGreaterThan(1);
  expect(requests()).toBeLessThan(5);
  answers = true;
  await pass(60_000);
  expect(await token()).not.toBe('token-1');
  expect(node.runtime.running()).toHaveLength(1);
});

test('tokens that have run out by the node’s clock are asked for no more often', async () => {
  behindMs = 86_400_000;
  await startPod();
  await pass(120_000);
  expect(requests()).toBeLessThan(5);
});
