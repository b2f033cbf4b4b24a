import { FakeClock } from '@kubelab/testkit/fake-clock';
import { type Recipe, runSteps } from './steps.js';

async function run(recipe: Recipe<string[]>): Promise<{ lines: string[]; log: string[]; error?: unknown }> {
  const lines: string[] = [];
  const log: string[] = [];
  const options = { clock: new FakeClock(), live: false, write: (line: string) => lines.push(line) };
  try {
    await runSteps(recipe, log, options);
    return { lines, log };
  } catch (error) {
    return { lines, log, error };
  }
}

const noting =
  (word: string) =>
  async (context: string[]): Promise<undefined> => {
    context.push(word);
  };

describe('runSteps', () => {
  it('runs steps in order and says how each ended', async () => {
    const { lines, log } = await run([
      { title: 'One', run: noting('one') },
      { title: 'Two', skip: () => 'not needed', run: async () => 'never' },
      {
        title: 'Three',
        run: async (context, report) => {
          context.push('three');
          report('half');
          return 'all of it';
        },
      },
    ]);
    expect(log).toEqual(['one', 'three']);
    expect(lines).toEqual([
      '[  0.0s] One ...',
      '[  0.0s] One: done (0.0s)',
      '[  0.0s] Two: not needed',
      '[  0.0s] Three ...',
      '[  0.0s]   half',
      '[  0.0s] Three: all of it (0.0s)',
    ]);
  });

  it('runs steps that do not wait for each other together', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { log } = await run([
      {
        together: [
          { title: 'Waits', run: (context) => gate.then(() => noting('waits')(context)) },
          {
            title: 'Opens',
            run: async (context) => {
              context.push('opens');
              open();
              return undefined;
            },
          },
        ],
      },
    ]);
    expect(log).toEqual(['opens', 'waits']);
  });

  it('ends with the first error', async () => {
    const { log, error } = await run([
      {
        title: 'Fails',
        run: async () => {
          throw new Error('broken');
        },
      },
      { title: 'Never', run: noting('never') },
    ]);
    expect(error).toEqual(new Error('broken'));
    expect(log).toEqual([]);
  });
});
