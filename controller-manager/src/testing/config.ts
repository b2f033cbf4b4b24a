import { flags, type ManagerConfig } from '../config.js';

/** Every flag's default and a kubeconfig, with `given` over it. */
export function configWith(given: Partial<ManagerConfig>): ManagerConfig {
  const defaults = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.default]));
  return { ...(defaults as ManagerConfig), kubeconfig: '/kubeconfig', ...given };
}
