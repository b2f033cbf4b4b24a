import { existsSync } from 'node:fs';
import { mergeIntoUserFile, userKubeconfig } from '../../kubeconfig/user-file.js';
import type { Step } from '../../progress/steps.js';
import type { UpContext } from '../context.js';

export const userContext: Step<UpContext> = {
  title: 'kubectl context',
  skip: ({ settings }) => (settings.mergeKubeconfig ? undefined : 'not asked for'),
  async run(context) {
    const path = userKubeconfig();
    const exists = existsSync(path);
    const changed = await mergeIntoUserFile(context.lab.kubeconfig, context.clock, path);
    if (changed) {
      context.remember({ userKubeconfig: { file: path, created: !exists } });
      context.changes.push(`wrote context ${context.lab.project} to ${path}`);
    }
    return `${context.lab.project} in ${path}`;
  },
};
