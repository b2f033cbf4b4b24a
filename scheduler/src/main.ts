import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runScheduler } from './wire.js';

process.exitCode = await runService({
  name: 'kube-scheduler',
  description: 'Gives every pod a node',
  flags,
  validate,
  run: runScheduler,
});
