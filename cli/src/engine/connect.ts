import { existsSync } from 'node:fs';
import Docker from 'dockerode';
import { messageOf } from '../errors.js';
import { tryRun } from '../process/run.js';

export const defaultSocket = '/var/run/docker.sock';

/** Answers, or says why there is no answer. */
export type EngineProbe = { docker: Docker; version: string } | { reason: string };

/**
 * Finds the engine the docker command would use: DOCKER_HOST, then the usual socket, then docker's current context (Docker Desktop,
 * rootless and Colima have their sockets elsewhere).
 */
export async function probeEngine(): Promise<EngineProbe> {
  const candidates: { docker: Docker; name: string }[] = [];
  if (process.env['DOCKER_HOST']) {
    candidates.push({ docker: new Docker(), name: process.env['DOCKER_HOST'] });
  } else {
    if (existsSync(defaultSocket)) candidates.push(bySocket(defaultSocket));
    const context = await contextSocket();
    if (context !== undefined && context !== defaultSocket) candidates.push(bySocket(context));
  }
  let reason = `there is no engine socket at ${defaultSocket}`;
  for (const { docker, name } of candidates) {
    try {
      const { Version } = await docker.version();
      return { docker, version: Version };
    } catch (error) {
      reason = `the engine at ${name} does not answer: ${messageOf(error)}`;
    }
  }
  return { reason };
}

function bySocket(path: string): { docker: Docker; name: string } {
  return { docker: new Docker({ socketPath: path }), name: path };
}

async function contextSocket(): Promise<string | undefined> {
  const result = await tryRun('sh', ['-c', 'docker context inspect --format "{{.Endpoints.docker.Host}}"']);
  const host = result.code === 0 ? result.stdout.trim() : '';
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}
