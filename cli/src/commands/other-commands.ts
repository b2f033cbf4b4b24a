import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '@kubelab/component/clock';
import type { Command } from 'commander';
import { downRecipe, whatStays } from '../down.js';
import { CliError } from '../errors.js';
import { loadImages } from '../images/load.js';
import { recordOf } from '../lab/lab.js';
import { showLogs } from '../logs/show.js';
import { runSteps } from '../progress/steps.js';
import { describeLab } from '../status.js';
import { labOf, requireEngine, type Terminal } from './globals.js';
import { parseLineCount } from './parse.js';

export function addDownCommand(program: Command, { write, live }: Terminal): void {
  program
    .command('down')
    .description('remove what `up` made: containers, volumes, network, images, kubectl context')
    .option('--keep-images', 'keep the images, so that the next `up` is quick')
    .action(async ({ keepImages = false }: { keepImages?: boolean }, command: Command) => {
      const lab = labOf(command);
      const { machine } = recordOf(lab);
      await runSteps(downRecipe, { lab, keepImages, keepLogs: false }, { clock: systemClock, live, write });
      write(`Cluster ${lab.project} is gone.`);
      for (const line of whatStays(machine)) write(line);
    });
}

export function addStatusCommand(program: Command, { write }: Terminal): void {
  program
    .command('status')
    .description('show components and nodes, and what is about to happen to a failing node')
    .action(async (_: object, command: Command) => {
      write(await describeLab({ lab: labOf(command), docker: await requireEngine(), clock: systemClock }));
    });
}

export function addKubeconfigCommand(program: Command, { write }: Terminal): void {
  program
    .command('kubeconfig')
    .description("print the admin's kubeconfig")
    .option('--path', 'print where it lies')
    .action(({ path }: { path?: boolean }, command: Command) => {
      const { kubeconfig, project } = labOf(command);
      if (!existsSync(kubeconfig)) {
        throw new CliError(`There is no cluster ${project}.`, { hint: 'Bring it up with `./kubelab up`.' });
      }
      write(path ? kubeconfig : readFileSync(kubeconfig, 'utf8').trimEnd());
    });
}

export function addImageCommand(program: Command, { write }: Terminal): void {
  const image = program.command('image').description('give images to the cluster');
  image
    .command('load')
    .description("make images of this machine's engine, or of archives, usable on every node under exactly their names")
    .argument('<source...>', 'names of images, or files that `docker save` wrote')
    .action(async (sources: string[], _: object, command: Command) => {
      const report = (state: string): void => write(`  ${state}`);
      const lines = await loadImages({ lab: labOf(command), docker: await requireEngine(), sources, report });
      for (const line of lines) write(line);
    });
}

export function addLogsCommand(program: Command, { write }: Terminal): void {
  program
    .command('logs')
    .description('print what a part has logged')
    .argument('<component>', 'apiserver, etcd, scheduler, ..., a node, or kubelet, kube-proxy, dockerd, containerd')
    .option('-f, --follow', 'go on as it logs more')
    .option('--tail <lines>', 'only the last lines', parseLineCount, 'all')
    .action(async (component: string, flags: { follow?: boolean; tail: string }, command: Command) => {
      const docker = await requireEngine();
      await showLogs({
        lab: labOf(command),
        docker,
        component,
        follow: flags.follow ?? false,
        tail: flags.tail,
        write,
      });
    });
}
