/** The runtime suite on a real containerd. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../dockershim/testing/runtime-connection.js';
import { describeRuntime } from '../dockershim/testing/runtime-suite.js';
import { startTestContainerd } from '../testing/test-containerd.js';

describeRuntime('containerd', async () => {
  const containerd = await startTestContainerd();
  try {
    const { runtime, image, podCidr } = containerd;
    await runtime.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } });
    await eventually(
      () => runtime.status({}),
      ({ status }) => status?.conditions.every((condition) => condition.status) ?? false,
    );
    const { runtimeVersion } = await runtime.version({});
    const directory = join(containerd.directory, 'pods');
    mkdirSync(directory);
    return {
      runtime,
      image,
      directory,
      testImage: 'docker.io/library/busybox:1.36',
      cgroupParent: containerd.cgroupParent,
      tellsEvents: !/^v?1\.[0-6]\./.test(runtimeVersion),
      close: () => containerd.close(),
    };
  } catch (error) {
    await containerd.close();
    throw error;
  }
});
