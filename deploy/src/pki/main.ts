import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runPki } from './run.js';

process.exitCode = await runService({
  name: 'pki',
  description:
    "Makes the cluster's certificate authorities, certificates and kubeconfigs, and renews what is about to expire.",
  flags,
  validate,
  run: runPki,
});
