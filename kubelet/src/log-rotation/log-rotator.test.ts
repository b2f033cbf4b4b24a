import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { jest } from '@jest/globals';
import { CriError } from '@kubelab/proto/cri-error';
import { TestNode } from '../testing/test-node.js';

let node: TestNode;

jest.setTimeout(30_000);

afterEach(() => node.stop());

const config = { 'container-log-max-size': '1Ki', 'container-log-max-files': 3, 'container-log-monitor-interval': 20 };

async function start(prepare: (node: TestNode) => void = () => undefined) {
  node = await TestNode.start({ config, prepare });
  await node.createPod('web', { containers: [{ name: 'app', image: 'app:1' }] });
  await node.untilReady('web');
  const [container] = node.runtime.named('app');
  if (!container) throw new Error('no container');
  return container;
}

const rotations = () => node.runtime.callsOf('reopenContainerLog').length;

test('a log that is too long is rotated, and no more files are kept than wanted', async () => {
  const container = await start();
  for (let round = 1; round <= 4; round++) {
    node.runtime.log(container, 'x'.repeat(2000));
    await node.until('the log is rotated', () => rotations() >= round);
  }
  const names = (await readdir(dirname(container.logPath))).sort();
  expect(names).toHaveLength(3);
  expect(names[0]).toBe('0.log');
  expect(names[1]).toMatch(/^0\.log\.\d{8}-\d{6}\.gz$/);
  expect(names[2]).toMatch(/^0\.log\.\d{8}-\d{6}$/);
  await node.deletePod('web');
  await node.untilGone('web');
  await expect(stat(dirname(container.logPath))).rejects.toThrow(/ENOENT/);
});

test('a log that the runtime does not reopen keeps its name', async () => {
  const container = await start(({ runtime }) => {
    runtime.intercept = (name) => {
      if (name === 'reopenContainerLog') throw new CriError('INTERNAL', 'not now');
    };
  });
  node.runtime.log(container, 'x'.repeat(2000));
  await node.until('it was tried', () => rotations() >= 1);
  await node.until('it was tried again', () => rotations() >= 2);
  node.runtime.intercept = () => undefined;
  await node.until('the log is rotated', () => rotations() >= 3);
  expect((await readdir(dirname(container.logPath))).some((name) => name.startsWith('0.log.'))).toBe(true);
});
