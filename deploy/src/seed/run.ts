import type { ServiceContext } from '@kubelab/component/service';
import { dnsImage, dnsRepository, dnsTag, pauseImage, pauseRepository, pauseTag } from '../image-archive/lab-images.js';
import { pushImage } from '../registry-client/push.js';
import { RegistryClient, RegistryUnreachableError } from '../registry-client/registry-client.js';
import type { SeedConfig } from './config.js';

type SeedContext = Pick<ServiceContext, 'logger' | 'clock' | 'signal'>;

const retryMs = 250;

/** Puts the lab's own images into its registry; done already, it changes nothing. */
export async function runSeed(config: SeedConfig, context: SeedContext): Promise<void> {
  const client = new RegistryClient(config.registry);
  try {
    await waitForRegistry(client, config.timeout, context);
    const pause = await pauseImage(config);
    report(context, `${pauseRepository}:${pauseTag}`, await pushImage(client, pauseRepository, pauseTag, pause));
    const tag = dnsTag(config.dns);
    report(context, `${dnsRepository}:${tag}`, await pushImage(client, dnsRepository, tag, await dnsImage(config)));
  } finally {
    client.close();
  }
}

function report({ logger }: SeedContext, image: string, pushed: boolean): void {
  logger.info(pushed ? 'Pushed image' : 'The registry has the image', { image });
}

async function waitForRegistry(client: RegistryClient, timeoutMs: number, context: SeedContext): Promise<void> {
  const deadline = context.clock.now() + timeoutMs;
  for (;;) {
    try {
      await client.ping();
      return;
    } catch (error) {
      if (!(error instanceof RegistryUnreachableError) || context.clock.now() > deadline) throw error;
      context.logger.debug('Waiting for the registry', { error });
      await context.clock.sleep(retryMs, context.signal);
    }
  }
}
