import { durationFlag, type FlagValues, stringFlag } from '@kubelab/component/flags';

export const flags = {
  registry: stringFlag("the lab's registry", 'http://registry:5000'),
  pause: stringFlag('the pause program', '/opt/kubelab/pause'),
  dns: stringFlag('the bundled DNS server', '/opt/kubelab/bundle/dns.mjs'),
  node: stringFlag('the Node that runs it', '/usr/local/bin/node'),
  timeout: durationFlag('how long to wait for the registry', 5 * 60_000),
};

export type SeedConfig = FlagValues<typeof flags>;

export function validate(config: SeedConfig): string[] {
  return URL.canParse(config.registry) ? [] : [`--registry: "${config.registry}" is not a URL`];
}
