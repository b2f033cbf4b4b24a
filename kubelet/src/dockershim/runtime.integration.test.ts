import { eventually } from './testing/runtime-connection.js';
import { describeRuntime } from './testing/runtime-suite.js';
import { startTestEngine } from './testing/test-engine.js';
import { busyboxImage } from './testing/test-images.js';
import { startTestShim } from './testing/test-shim.js';

describeRuntime('dockershim', async () => {
  const engine = await startTestEngine();
  try {
    const shim = await startTestShim(engine);
    // The shim serves at once and finds its engine a moment later.
    await eventually(
      () => shim.runtime.status({}),
      ({ status }) => status?.conditions.every((condition) => condition.status) ?? false,
    );
    return {
      ...shim,
      testImage: busyboxImage,
      cgroupParent: '',
      tellsEvents: true,
      close: async () => {
        await shim.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
});
