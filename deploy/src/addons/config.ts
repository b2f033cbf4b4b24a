import { durationFlag, type FlagValues, stringFlag } from '@kubelab/component/flags';

export const flags = {
  kubeconfig: stringFlag('path to a kubeconfig that says how to reach the API server'),
  'bootstrap-token-file': stringFlag('file that holds the bootstrap token, `abcdef.0123456789abcdef`'),
  manifests: stringFlag('folder of *.yaml files to apply', '/opt/kubelab/addons'),
  dns: stringFlag('the bundled DNS server, after whose content its image is named', '/opt/kubelab/bundle/dns.mjs'),
  timeout: durationFlag('how long to keep trying', 10 * 60_000),
};

export type AddonsConfig = FlagValues<typeof flags>;

export function validate(config: AddonsConfig): string[] {
  return (['kubeconfig', 'bootstrap-token-file'] as const)
    .filter((name) => config[name] === '')
    .map((name) => `--${name} is required`);
}
