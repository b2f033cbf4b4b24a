import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '@kubelab/component/clock';
import { load as parseYaml } from 'js-yaml';
import { downRecipe } from '../down.js';
import { ensureEngine } from '../engine/start.js';
import { CliError, UsageError } from '../errors.js';
import { loadImages } from '../images/load.js';
import { freePort } from '../lab/free-port.js';
import type { Lab } from '../lab/lab.js';
import { run, tryRun } from '../process/run.js';
import { runSteps } from '../progress/steps.js';
import { up } from '../up/up.js';
import { endToEndSettings } from './end-to-end.js';
import { runInherited } from './parts.js';

export interface ConformanceOptions {
  /** Gets a cluster of its own for the time of the run, unless `kubeconfig` names another one. */
  lab: Lab;
  binary: string;
  kubeconfig?: string;
  focus?: string;
  skip?: string;
  /** YAML file: names that the suite uses, each with the image of this machine's engine that stands for it. */
  images?: string;
  results?: string;
  parallel?: string;
  /** Leaves the cluster running. */
  keep: boolean;
  /** Given to the binary as they are. */
  extra: readonly string[];
  write: (line: string) => void;
  live: boolean;
}

const preferredApiPort = 16_443;

/** Runs upstream's suite. Throws CliError when a test failed that could pass. */
export async function runConformance(options: ConformanceOptions): Promise<void> {
  if (!existsSync(options.binary)) {
    throw new CliError(`There is no file ${options.binary}.`, {
      hint: 'docs/conformance.md says how to get e2e.test.',
    });
  }
  if (options.kubeconfig !== undefined) {
    if (options.images !== undefined) {
      throw new UsageError('--images is for the cluster that the run makes, not for the one of --kubeconfig.');
    }
    return runSuite(options, options.kubeconfig);
  }
  const images = options.images === undefined ? {} : parseImageMap(options.images, readText(options.images));
  await runWithOwnLab(options, images);
}

async function runWithOwnLab(options: ConformanceOptions, images: ImageMap): Promise<void> {
  const { lab, write, live } = options;
  const takeDown = (): Promise<unknown> =>
    runSteps(downRecipe, { lab, keepImages: true, keepLogs: true }, { clock: systemClock, live, write });
  await takeDown();
  try {
    const apiPort = await freePort(preferredApiPort);
    const legacyTokenSecrets = wantsTokenSecrets((await tryRun(resolve(options.binary), ['--version'])).stdout);
    const asked = { ...endToEndSettings, failureClock: 'upstream', legacyTokenSecrets, apiPort } as const;
    await up({ lab, write, live, asked });
    await loadAll(options, images);
    await runSuite(options, lab.kubeconfig);
  } finally {
    if (!options.keep) await takeDown();
  }
}

async function runSuite(options: ConformanceOptions, kubeconfig: string): Promise<void> {
  const { lab } = options;
  const flags = Object.entries({
    binary: resolve(options.binary),
    kubeconfig: resolve(kubeconfig),
    results: resolve(options.results ?? join(lab.root, '.kubelab/conformance')),
    focus: options.focus,
    skip: options.skip,
    parallel: options.parallel,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  const args = ['scripts/run-ts.mjs', 'test/conformance/main.ts', ...flags, '--', ...options.extra];
  const code = await runInherited(process.execPath, ['--no-warnings', ...args], lab.root, {});
  if (code !== 0) throw new CliError('The conformance suite did not pass.', { hint: 'Its output is above.' });
}

/** Suites before 1.24 wait for the token Secret of a service account before they begin. `version`: what the binary says of itself. */
export function wantsTokenSecrets(version: string): boolean {
  const [, minor] = /v1\.(\d+)\./.exec(version) ?? [];
  return minor !== undefined && Number(minor) < 24;
}

/** Names that the suite uses, each with the image that stands for it. */
export type ImageMap = Readonly<Record<string, string>>;

/** Reads a map of images. Throws UsageError with one sentence. */
export function parseImageMap(file: string, text: string): ImageMap {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new UsageError(`${file} is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : error}.`);
  }
  if (!isImageMap(value)) throw new UsageError(`${file} must be a map from image names to image names.`);
  return value;
}

function isImageMap(value: unknown): value is ImageMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((name) => typeof name === 'string' && name !== '');
}

function readText(file: string): string {
  if (!existsSync(file)) throw new CliError(`There is no file ${file}.`);
  return readFileSync(file, 'utf8');
}

async function loadAll({ lab, write }: ConformanceOptions, images: ImageMap): Promise<void> {
  const report = (state: string): void => write(`  ${state}`);
  const { docker } = await ensureEngine({ clock: systemClock, report: write });
  for (const [name, source] of Object.entries(images)) {
    if (name !== source) await run('docker', ['tag', source, name]);
    await loadImages({ lab, docker, sources: [name], report });
  }
}
