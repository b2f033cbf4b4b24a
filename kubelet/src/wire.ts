/** The kubelet from its flags: identity first, then the runtime, then the node. */
import { timestamp } from '@kubelab/component/clock';
import { readConfigFile } from '@kubelab/component/files';
import { startHealthServer } from '@kubelab/component/health-server';
import { gitVersion } from '@kubelab/component/identity';
import type { ServiceContext } from '@kubelab/component/service';
import type { RuntimeServiceClient, VersionResponse } from '@kubelab/proto/generated/runtime-v1';
import { createImageClient, createRuntimeClient } from '@kubelab/proto/runtime-v1';
import { ClientCertificate } from './bootstrap/client-certificate.js';
import { createRotatingClient } from './bootstrap/rotating-client.js';
import { type Config, nodeNameOf } from './config.js';
import { LinuxMounter } from './volumes/mounter.js';
import { background, certDirOf, runNode } from './wire-node.js';
import { startOwnRuntime } from './wire-runtime.js';

export async function runKubelet(config: Config, context: ServiceContext): Promise<void> {
  const { logger, clock, signal } = context;
  const nodeName = nodeNameOf(config);
  const clientCa = config['client-ca-file'] ? readConfigFile('client-ca-file', config['client-ca-file']) : undefined;
  const own = await startOwnRuntime(config, context);
  const runtime = createRuntimeClient(config['container-runtime-endpoint']);
  const imageService = createImageClient(config['image-service-endpoint'] || config['container-runtime-endpoint']);
  const healthz = config['healthz-port'] > 0 ? await startHealth(config) : undefined;
  logger.info('Starting kubelet', { node: nodeName, version: gitVersion });
  try {
    const certificate = clientCertificate(config, context, nodeName);
    const [clientConfig, version] = await Promise.all([certificate.obtain(), runtimeVersion(runtime, context)]);
    const { client, rotate } = createRotatingClient({ ...clientConfig, userAgent: `kubelet/${gitVersion}` });
    if (config['rotate-certificates'] && config['bootstrap-kubeconfig']) {
      background(
        context,
        'Client certificate',
        certificate.keep(client, (next) => rotate({ ...next, userAgent: `kubelet/${gitVersion}` })),
      );
    }
    await runNode({
      config,
      context,
      nodeName,
      client,
      runtime,
      imageService,
      clientCa,
      version,
      mounter: new LinuxMounter(),
    });
    client.close();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await healthz?.close();
    runtime.close();
    imageService.close();
    await own?.close();
    logger.info('Kubelet has stopped', { at: timestamp(clock) });
  }
}

function startHealth(config: Config): ReturnType<typeof startHealthServer> {
  return startHealthServer({ port: config['healthz-port'], host: config['healthz-bind-address'], checks: [] });
}

function clientCertificate(
  config: Config,
  { clock, logger, signal }: ServiceContext,
  nodeName: string,
): ClientCertificate {
  return new ClientCertificate({
    nodeName,
    kubeconfig: config.kubeconfig,
    bootstrapKubeconfig: config['bootstrap-kubeconfig'],
    certDir: certDirOf(config),
    clock,
    logger,
    signal,
  });
}

async function runtimeVersion(
  runtime: RuntimeServiceClient,
  { clock, logger, signal }: ServiceContext,
): Promise<VersionResponse> {
  for (let told = false; ; told = true) {
    try {
      return await runtime.version({ version: '' }, { timeoutMs: 10_000, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!told)
        logger.info('Waiting for the container runtime', { error: error instanceof Error ? error.message : error });
      await clock.sleep(200, signal);
    }
  }
}
