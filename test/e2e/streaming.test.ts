/** Connections that stay open: logs, exec, attach, cp, port-forward. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kubelab/testkit/eventually';
import { kubectls } from './kubectl.js';
import { makeNamespace } from './lab.js';
import { run, start } from './process.js';

const pods = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'box' },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'counter',
            image: 'busybox',
            command: ['sh', '-c', 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.2; done'],
          },
          { name: 'cat', image: 'busybox', command: ['cat'], stdin: true },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: { containers: [{ name: 'web', image: 'nginx' }] },
    },
  ],
};

describe.each(kubectls.map((client) => [client.name, client] as const))('%s', (_name, client) => {
  let space: Awaited<ReturnType<typeof makeNamespace>>;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubelab-e2e-'));
    space = await makeNamespace('stream');
    await client.run(['-n', space.name, 'apply', '-f', '-'], { input: JSON.stringify(pods) });
    await client.run(['-n', space.name, 'wait', '--for=condition=Ready', 'pod/box', 'pod/web', '--timeout=90s']);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await space.remove();
  });

  const inSpace = (...args: string[]): string[] => ['-n', space.name, ...args];

  test('logs: whole, tail, follow, and a container must be chosen', async () => {
    // It has only just begun to count.
    await eventually(
      async () => expect(await client.run(inSpace('logs', 'box', '-c', 'counter'))).toMatch(/^line 0\nline 1\n/),
      { what: 'the second line' },
    );
    expect((await client.run(inSpace('logs', 'box', '-c', 'counter', '--tail=2'))).trim().split('\n')).toHaveLength(2);
    expect(await client.run(inSpace('logs', 'box', '-c', 'counter', '--timestamps', '--tail=1'))).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z line \d+/,
    );
    const follow = client.start(inSpace('logs', '-f', 'box', '-c', 'counter', '--tail=1'));
    try {
      const [, first] = await follow.until(/line (\d+)/);
      await follow.until(new RegExp(`line ${Number(first) + 5}\\b`));
    } finally {
      await follow.stop();
    }
    expect((await client.try(inSpace('logs', 'box', '-c', 'nothing'))).stderr).toMatch(
      /container nothing is not valid for pod box/,
    );
  });

  test('exec: output, errors and the exit code come back', async () => {
    expect(await client.run(inSpace('exec', 'box', '-c', 'counter', '--', 'sh', '-c', 'echo out; echo err >&2'))).toBe(
      'out\n',
    );
    const failed = await client.try(
      inSpace('exec', 'box', '-c', 'counter', '--', 'sh', '-c', 'echo broken >&2; exit 3'),
    );
    expect(failed).toMatchObject({ code: 3, stderr: expect.stringContaining('broken') });
    const missing = await client.try(inSpace('exec', 'box', '-c', 'counter', '--', '/no/such/program'));
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toMatch(/no such file or directory|not found/);
  });

  test('exec takes a command that is longer than what web servers take for an address', async () => {
    const word = 'x'.repeat(20_000);
    const output = await client.run(inSpace('exec', 'box', '-c', 'counter', '--', 'sh', '-c', `echo ${word} | wc -c`));
    expect(output.trim()).toBe('20001');
  });

  test('exec -i passes standard input to its end, a megabyte of it', async () => {
    const input = randomBytes(512 * 1024).toString('hex');
    const output = await client.run(inSpace('exec', '-i', 'box', '-c', 'counter', '--', 'sh', '-c', 'cat | wc -c'), {
      input,
    });
    expect(output.trim()).toBe(String(input.length));
  });

  test('exec -it gives a terminal of the size that the user has', async () => {
    // The size follows the connection; a program that asks at once may be too early, with upstream as well.
    const script = 'tty; sleep 1; stty size; exit 4';
    const command = [
      client.path,
      ...inSpace('exec', '-it', 'box', '-c', 'counter', '--', 'sh', '-c', `'${script}'`),
    ].join(' ');
    const { stdout, code } = await run('script', ['-qec', `stty rows 33 cols 101; ${command}`, '/dev/null']);
    expect(stdout).toMatch(/\/dev\/pts\/\d+/);
    expect(stdout).toMatch(/33 101/);
    expect(code).toBe(4);
  });

  test('attach', async () => {
    const attached = start(client.path, inSpace('attach', '-i', 'box', '-c', 'cat'));
    try {
      // Typed again until it arrives: attaching prints nothing by itself.
      const typing = setInterval(() => attached.child.stdin?.write('hello\n'), 500);
      await attached.until(/hello/).finally(() => clearInterval(typing));
    } finally {
      await attached.stop();
    }
  });

  test('cp there and back', async () => {
    const data = randomBytes(300_000);
    writeFileSync(join(folder, 'data'), data);
    await client.run(inSpace('cp', join(folder, 'data'), 'box:/tmp/data', '-c', 'counter'));
    await client.run(inSpace('cp', 'box:/tmp/data', join(folder, 'back'), '-c', 'counter'));
    expect(readFileSync(join(folder, 'back')).equals(data)).toBe(true);
  });

  test('port-forward, several connections one after the other', async () => {
    const forward = client.start(inSpace('port-forward', 'pod/web', ':80'));
    try {
      const [, port] = await forward.until(/Forwarding from 127\.0\.0\.1:(\d+) -> 80/);
      for (let round = 0; round < 3; round++) {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        expect(response.status).toBe(200);
        expect(await response.text()).toMatch(/nginx/i);
      }
    } finally {
      await forward.stop();
    }
  });
});
