import { startTestEngine } from '../dockershim/testing/test-engine.js';
import { startTestShim } from '../dockershim/testing/test-shim.js';
import { describeRealPods } from './testing/real-pods-suite.js';

describeRealPods('the docker shim and a real engine', async () => {
  const engine = await startTestEngine();
  try {
    const shim = await startTestShim(engine);
    return {
      name: 'docker',
      runtime: shim.runtime,
      image: shim.image,
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
