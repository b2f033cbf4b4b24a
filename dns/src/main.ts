import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runDns } from './wire.js';

process.exitCode = await runService({
  name: 'kubelab-dns',
  description: 'Answers the names of services and pods, and forwards all others',
  flags,
  validate,
  run: runDns,
});
