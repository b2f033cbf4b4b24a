/** The container runtime that the kubelet brings along: the docker shim in its own process. They speak CRI over the socket all the same. */
import { join } from 'node:path';
import { parseFlags } from '@kubelab/component/flags';
import type { ServiceContext } from '@kubelab/component/service';
import type { Config } from './config.js';

export interface OwnRuntime {
  close(): Promise<void>;
}

/** Serves --container-runtime-endpoint on the engine of --docker-endpoint; undefined when another process serves it. */
export async function startOwnRuntime(config: Config, context: ServiceContext): Promise<OwnRuntime | undefined> {
  const engine = config['docker-endpoint'];
  if (engine === '') return undefined;
  // A node with another runtime does not pay for it.
  const [{ startShim }, { flags }] = await Promise.all([
    import('./dockershim/wire.js'),
    import('./dockershim/config.js'),
  ]);
  const values = parseFlags({ name: 'dockershim', description: '', flags }, [
    `--docker-endpoint=${engine}`,
    `--listen=${config['container-runtime-endpoint']}`,
    `--root-dir=${join(config['root-dir'], 'dockershim')}`,
  ]);
  const { clock, logger } = context;
  // It goes on while pods end with their node: who started it closes it.
  return startShim(values, {
    clock,
    logger: logger.child({ part: 'dockershim' }),
    signal: new AbortController().signal,
  });
}
