import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runKubelet } from './wire.js';

process.exitCode = await runService({
  name: 'kubelet',
  description: 'Runs the pods of one node and tells the cluster about it.',
  flags,
  validate,
  // Pods that end with the node get their time first.
  shutdownGraceMs: (config) => config['shutdown-grace-period'] + 10_000,
  run: (config, context) => runKubelet(config, context),
});
// Connections that are still open must not keep a stopped kubelet alive.
process.exit();
