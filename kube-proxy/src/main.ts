import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runProxy } from './wire.js';

process.exitCode = await runService({
  name: 'kube-proxy',
  description: 'Programs the service rules and pod routes of one node',
  flags,
  validate,
  run: runProxy,
});
