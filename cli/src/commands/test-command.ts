import { Argument, type Command, Option } from 'commander';
import { defaultProject, type Lab, openLab } from '../lab/lab.js';
import { type Runtime, runtimes } from '../lab/settings.js';
import { type ConformanceOptions, runConformance } from '../test-run/conformance.js';
import { type TestPart, testParts, usualParts } from '../test-run/parts.js';
import { runTests } from '../test-run/run-tests.js';
import { labOf, type Terminal } from './globals.js';

/** Nobody's own cluster is ever tested upon. */
const testProject = 'kubelab-test';

function testLab(command: Command): Lab {
  const { project } = labOf(command);
  return openLab(project === defaultProject ? testProject : project);
}

/** 12, with Docker 20.10 and docker-compose 1.29; 13, with Docker 26 and Compose v2; and what comes after. */
const debianReleases = ['bookworm', 'trixie', 'sid'] as const;

interface TestFlags {
  keep?: boolean;
  runtime?: Runtime;
  debian: string;
}

export function addTestCommand(program: Command, terminal: Terminal): void {
  const test = program
    .command('test')
    .description('install what the tests need and run them: lint and types, unit, integration, end to end')
    .addArgument(
      new Argument('[part]', 'only this part (machine, which starts from nothing, only so)').choices([...testParts]),
    )
    .addOption(
      new Option(
        '--runtime <runtime>',
        'run all end-to-end tests on this runtime (default: all on docker, those about pods on containerd too)',
      ).choices(runtimes),
    )
    .option('--keep', 'leave the cluster of the end-to-end tests running')
    .addOption(
      new Option('--debian <release>', "machine: Debian's release on it").choices(debianReleases).default('bookworm'),
    )
    .action(async (part: TestPart | undefined, flags: TestFlags, command: Command) => {
      const { keep = false, runtime, debian } = flags;
      await runTests({ lab: testLab(command), parts: part ? [part] : usualParts, ...terminal, keep, runtime, debian });
    });
  addConformanceCommand(test, terminal);
}

type ConformanceFlags = Omit<ConformanceOptions, 'lab' | 'extra' | 'keep' | keyof Terminal> & { keep?: boolean };

function addConformanceCommand(test: Command, terminal: Terminal): void {
  test
    .command('conformance')
    .description("run upstream's conformance suite (docs/conformance.md says how to get it)")
    .requiredOption('--binary <file>', "upstream's e2e.test")
    .option('--kubeconfig <file>', 'test this cluster, instead of one that is made for the run')
    .option('--focus <regexp>', 'only tests whose names match; default: \\[Conformance\\]')
    .option('--skip <regexp>', 'not these; default: \\[Serial\\]|\\[Disruptive\\]|\\[Slow\\]')
    .option('--images <file>', "YAML: images of the suite, and those of this machine's engine that stand for them")
    .option('--results <folder>', 'where results go; default: .kubelab/conformance')
    .option('--parallel <count>', 'how many groups of tests run at the same time; default: 1')
    .option('--keep', 'leave the cluster running')
    .argument('[flags...]', 'after --: flags for e2e.test')
    .action(async (extra: string[], { keep = false, ...flags }: ConformanceFlags, command: Command) => {
      await runConformance({ lab: testLab(command), extra, keep, ...flags, ...terminal });
    });
}
