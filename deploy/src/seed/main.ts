import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runSeed } from './run.js';

process.exitCode = await runService({
  name: 'seed',
  description: "Pushes the lab's own images (pause, DNS) into its registry.",
  flags,
  validate,
  run: runSeed,
});
