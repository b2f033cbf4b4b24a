/** dockershim: the container runtime interface on a Docker engine. */
import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { run } from './wire.js';

process.exitCode = await runService({
  name: 'dockershim',
  description: 'Serves the container runtime interface (CRI) on top of a Docker engine',
  flags,
  validate,
  run,
});
