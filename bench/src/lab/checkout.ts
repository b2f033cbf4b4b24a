import { join } from 'node:path';

/** The checkout's root; `npm run` starts there, and scripts/run-ts.mjs writes it in. */
export const checkout = process.env['KUBELAB_ROOT'] ?? process.cwd();

/** Where `kubelab --project` keeps a lab's admin kubeconfig. */
export function kubeconfigOf(project: string): string {
  return join(checkout, '.kubelab', ...(project === 'kubelab' ? [] : ['projects', project]), 'kubeconfig');
}
