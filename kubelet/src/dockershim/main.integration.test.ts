import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { createRuntimeClient } from '@kubelab/proto/runtime-v1';
import { eventually } from './testing/runtime-connection.js';
import { startTestEngine, type TestEngine } from './testing/test-engine.js';

jest.setTimeout(60_000);

const root = fileURLToPath(new URL('../../..', import.meta.url));
let engine: TestEngine;

beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/bundle.mjs', 'dockershim'], { cwd: root });
  engine = await startTestEngine();
});
afterAll(async () => {
  await engine?.close();
});

function startProgram(...args: string[]): { child: ChildProcess; ended: Promise<number | null> } {
  const child = spawn(process.execPath, ['dist/bundle/dockershim.mjs', ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { child, ended: new Promise((resolve) => child.on('close', resolve)) };
}

test('as a process of its own it serves the socket until it is told to stop', async () => {
  const socket = join(engine.directory, 'alone.sock');
  const { child, ended } = startProgram(
    `--docker-endpoint=${engine.endpoint}`,
    `--listen=unix://${socket}`,
    `--root-dir=${join(engine.directory, 'alone')}`,
  );
  const client = createRuntimeClient(`unix://${socket}`);
  try {
    const version = await eventually(
      () => client.version({ version: '' }).catch(() => undefined),
      (answer) => answer !== undefined,
    );
    expect(version).toMatchObject({ runtimeName: 'docker', runtimeApiVersion: 'v1' });
  } finally {
    client.close();
    child.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test('wrong flags end it', async () => {
  const { child, ended } = startProgram('--listen=/run/cri.sock');
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  expect(await ended).toBe(1);
  expect(said).toContain('--listen must be unix:///path');
});
