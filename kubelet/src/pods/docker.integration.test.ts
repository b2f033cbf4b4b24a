import { startTestEngine } from '../dockershim/testing/test-engine.js';
import { startTestShim } from '../dockershim/testing/test-shim.js';
import { describeFrozenRuntime } from './testing/frozen-runtime-suite.js';
import { describeHousekeeping } from './testing/housekeeping-suite.js';
import { describeRealPods, type RealRuntime } from './testing/real-pods-suite.js';

const name = 'the docker shim and a real engine';

async function start(): Promise<RealRuntime> {
  const engine = await startTestEngine();
  try {
    const shim = await startTestShim(engine);
    return {
      name: 'docker',
      hasStopSignals: true,
      runtime: shim.runtime,
      image: shim.image,
      freeze: engine.freeze,
      thaw: engine.thaw,
      close: async () => {
        await shim.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

describeRealPods(name, start);
describeHousekeeping(name, start);
describeFrozenRuntime(name, start);
