/** The apiserver program. */

import { runService, type ServiceDefinition } from '@kubelab/component/service';
import { apiserverFlags, validate } from './config.js';
import { startApiserver } from './wire.js';

const service: ServiceDefinition<typeof apiserverFlags> = {
  name: 'kube-apiserver',
  description:
    'Serves the Kubernetes API: validates and stores objects, and is the only part of the cluster that talks to etcd.',
  flags: apiserverFlags,
  validate,
  async run(config, context) {
    const server = await startApiserver(config, context);
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      else context.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await server.close();
  },
  shutdownGraceMs: 30_000,
};

process.exitCode = await runService(service);
