import type { Clock } from '@kubelab/component/clock';
import { type DefaultRenderer, Listr, type ListrTask, PRESET_TIMER, type SimpleRenderer } from 'listr2';

type LiveTask = ListrTask<object, typeof DefaultRenderer, typeof SimpleRenderer>;

/** What a step tells while it runs: one line that replaces the last. */
export type Report = (state: string) => void;

/** One thing that `up` and the like do. Steps lie in files of their own; a recipe lists them in order. */
export interface Step<C> {
  title: string;
  /** Why there is nothing to do; undefined: there is. */
  skip?(context: C): Promise<string | undefined> | string | undefined;
  /** Gives what to say when it is done, if there is something to say. */
  run(context: C, report: Report): Promise<string | undefined>;
}

/** Steps that do not wait for each other. */
export interface Parallel<C> {
  together: Step<C>[];
}

export type Recipe<C> = (Step<C> | Parallel<C>)[];

export interface StepOptions {
  clock: Clock;
  /** A live list; otherwise plain lines. */
  live: boolean;
  write: (line: string) => void;
}

export interface StepTiming {
  title: string;
  ms: number;
}

/** Runs the recipe; gives how long each step took. The first error ends it. */
export async function runSteps<C>(recipe: Recipe<C>, context: C, options: StepOptions): Promise<StepTiming[]> {
  const timings: StepTiming[] = [];
  const timed = (step: Step<C>): Step<C> => ({
    ...step,
    run: async (stepContext, report) => {
      const start = options.clock.now();
      const result = await step.run(stepContext, report);
      timings.push({ title: step.title, ms: options.clock.now() - start });
      return result;
    },
  });
  const groups = recipe.map((entry) => ('together' in entry ? entry.together : [entry]).map(timed));
  if (options.live) await runLive(groups, context);
  else await runPlain(groups, context, options);
  return timings;
}

async function runPlain<C>(groups: Step<C>[][], context: C, { clock, write }: StepOptions): Promise<void> {
  const start = clock.now();
  const seconds = (since: number): string => `${((clock.now() - since) / 1000).toFixed(1)}s`;
  const line = (text: string): void => write(`[${seconds(start).padStart(6)}] ${text}`);
  const runOne = async (step: Step<C>): Promise<void> => {
    const skipped = await step.skip?.(context);
    if (skipped !== undefined) {
      line(`${step.title}: ${skipped}`);
      return;
    }
    line(`${step.title} ...`);
    const began = clock.now();
    const result = await step.run(
      context,
      atMostEvery(plainIntervalMs, clock, (state) => line(`  ${state}`)),
    );
    line(`${step.title}: ${result ?? 'done'} (${seconds(began)})`);
  };
  for (const group of groups) await Promise.all(group.map(runOne));
}

/** Plain output is read later, in a file: there a line for each of an installer's is too much. */
const plainIntervalMs = 5000;

function atMostEvery(intervalMs: number, clock: Clock, report: Report): Report {
  let last = Number.NEGATIVE_INFINITY;
  return (state) => {
    if (clock.now() - last < intervalMs) return;
    last = clock.now();
    report(state);
  };
}

async function runLive<C>(groups: Step<C>[][], context: C): Promise<void> {
  const list = new Listr<object, 'default'>([], {
    concurrent: false,
    rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false },
  });
  for (const group of groups) {
    if (group.length === 1) list.add(liveTask(group[0]!, context));
    else {
      list.add({
        title: group.map((step) => step.title).join(', '),
        task: (_, task) =>
          task.newListr(
            group.map((step) => liveTask(step, context)),
            { concurrent: true },
          ),
      });
    }
  }
  await list.run();
}

function liveTask<C>(step: Step<C>, context: C): LiveTask {
  return {
    title: step.title,
    task: async (_, task) => {
      const skipped = await step.skip?.(context);
      if (skipped !== undefined) {
        task.skip(`${step.title}: ${skipped}`);
        return;
      }
      const result = await step.run(context, (state) => {
        task.output = state;
      });
      if (result !== undefined) task.title = `${step.title}: ${result}`;
    },
  };
}
