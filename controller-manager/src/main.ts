import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runControllerManager } from './wire.js';

process.exitCode = await runService({
  name: 'kube-controller-manager',
  description: 'Runs the controllers that make the cluster what its objects say',
  flags,
  validate,
  run: runControllerManager,
});
