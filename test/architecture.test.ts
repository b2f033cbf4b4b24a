/** The lines of ARCHITECTURE.md that a compiler does not hold: who may import what. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const services = ['apiserver', 'scheduler', 'controller-manager', 'kubelet', 'kube-proxy', 'dns'];
const packages = ['apimachinery', 'api', 'component', 'client', 'controller', 'testkit'];

/** Adapters, and the only places that may import them. */
const adapters: Readonly<Record<string, readonly string[]>> = {
  etcd3: ['apiserver/src/storage/'],
  dockerode: ['kubelet/src/dockershim/', 'cli/', 'bench/'],
};

/** What each package may use of the others; a service may use all of them. */
const packageImports: Readonly<Record<string, readonly string[]>> = {
  apimachinery: [],
  api: ['apimachinery'],
  component: ['apimachinery'],
  client: ['apimachinery', 'api', 'component'],
  controller: ['apimachinery', 'api', 'component', 'client'],
  testkit: ['apimachinery', 'api', 'component', 'client'],
};

interface Import {
  file: string;
  specifier: string;
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (['node_modules', 'dist', 'generated', 'testdata'].includes(name) || name.startsWith('.')) return [];
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|mts|mjs)$/.test(name) ? [path] : [];
  });
}

const imports: Import[] = [...services, 'packages', 'cli', 'deploy', 'proto', 'test', 'bench'].flatMap((folder) =>
  sources(join(root, folder)).flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const found = text.matchAll(
      /^\s*(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
    );
    const file = relative(root, path).split(sep).join('/');
    return [...found].map(([, from, bare, dynamic]) => ({ file, specifier: from ?? bare ?? dynamic ?? '' }));
  }),
);

const violations = (breaks: (item: Import) => boolean): string[] =>
  imports.filter(breaks).map(({ file, specifier }) => `${file} imports ${specifier}`);

test('there is something to check', () => {
  expect(imports.length).toBeGreaterThan(500);
});

test('a service never imports another service', () => {
  expect(
    violations(({ file, specifier }) => {
      const own = services.find((service) => file.startsWith(`${service}/`));
      return (
        own !== undefined && services.some((service) => service !== own && specifier.startsWith(`@kubelab/${service}/`))
      );
    }),
  ).toEqual([]);
});

test('packages never import services, and only the packages below them', () => {
  expect(
    violations(({ file, specifier }) => {
      const own = packages.find((name) => file.startsWith(`packages/${name}/`));
      const used = /^@kubelab\/([a-z-]+)\//.exec(specifier)?.[1];
      if (own === undefined || used === undefined || used === own) return false;
      if (used === 'testkit' && file.includes('.test.')) return false;
      return !(packageImports[own] ?? []).includes(used);
    }),
  ).toEqual([]);
});

test('adapters stay in their rooms', () => {
  expect(
    violations(({ file, specifier }) => {
      const rooms = Object.hasOwn(adapters, specifier) ? adapters[specifier] : undefined;
      return rooms !== undefined && !rooms.some((room) => file.startsWith(room));
    }),
  ).toEqual([]);
});

test('iptables and ipvsadm are run only by apply.ts', () => {
  const callers = ['kube-proxy/src', 'kubelet/src']
    .flatMap((folder) => sources(join(root, folder)))
    .filter((path) => /\b(runCommand|run|execFile|spawn)\(\s*['"](iptables|ipvsadm)/.test(readFileSync(path, 'utf8')));
  expect(callers.map((path) => relative(root, path)).filter((path) => !path.endsWith('apply.ts'))).toEqual([]);
});

test('what the kubelet imports lazily is ours: bundled in parts, a CommonJS package would come without its names', () => {
  const lazy = sources(join(root, 'kubelet/src')).flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/(?<!typeof )\bimport\(\s*['"]([^'"]+)['"]\s*\)(?!\.)/g)].map(
      ([, specifier = '']) => specifier,
    ),
  );
  expect(lazy.length).toBeGreaterThan(2);
  expect(lazy.filter((specifier) => !/^(\.|node:|@kubelab\/)/.test(specifier))).toEqual([]);
});

test('no relative import leaves its workspace', () => {
  const workspaceOf = (file: string): string =>
    file.startsWith('packages/') ? file.split('/').slice(0, 2).join('/') : (file.split('/')[0] ?? '');
  expect(
    violations(({ file, specifier }) => {
      if (!specifier.startsWith('.')) return false;
      const target = relative(root, resolve(root, file, '..', specifier))
        .split(sep)
        .join('/');
      return workspaceOf(target) !== workspaceOf(file) && !target.startsWith('scripts/');
    }),
  ).toEqual([]);
});

test('every program starts the same way: main.ts, config.ts, wire.ts', () => {
  for (const service of services) {
    const names = readdirSync(join(root, service, 'src'));
    expect({
      service,
      names: names.filter((name) => ['main.ts', 'config.ts', 'wire.ts'].includes(name)).sort(),
    }).toEqual({ service, names: ['config.ts', 'main.ts', 'wire.ts'] });
  }
});
