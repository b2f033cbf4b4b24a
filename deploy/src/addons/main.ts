import { runService } from '@kubelab/component/service';
import { flags, validate } from './config.js';
import { runAddons } from './run.js';

process.exitCode = await runService({
  name: 'addons',
  description: 'Applies what every cluster of the lab has on top of its API: the bootstrap token and cluster DNS.',
  flags,
  validate,
  run: runAddons,
});
