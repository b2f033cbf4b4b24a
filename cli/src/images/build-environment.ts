import { tryRun } from '../process/run.js';

/** Some docker clients insist on BuildKit although they lack the plugin for it; then the classic builder does. */
export async function buildEnvironment(): Promise<Record<string, string>> {
  const { code } = await tryRun('docker', ['buildx', 'version']);
  return code === 0 ? {} : { DOCKER_BUILDKIT: '0' };
}
