/** The apiserver program. */

import { setFlagsFromString } from 'node:v8';
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

// V8 lets a heap become several times as large as what lives in it before it collects old garbage, and what it has had it seldom gives
// back. bench/README.md has what a server takes with this bound.
setFlagsFromString('--heap-growing-percent=60');

process.exitCode = await runService(service);
