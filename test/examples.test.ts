/** The documents that the end-to-end tests run are in the format they must be in; what they say is tried there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseWalkthrough } from '@kubelab/testkit/walkthrough';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const examples = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());

test('the README has its tour', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(parseWalkthrough(readme, { section: 'A five-minute tour' }).length).toBeGreaterThan(5);
});

test.each(examples.map(({ name }) => name))('examples/%s', (name) => {
  expect(name).toMatch(/^\d\d-/);
  const commands = parseWalkthrough(readFileSync(join(root, 'examples', name, 'README.md'), 'utf8'));
  expect(commands.length).toBeGreaterThan(5);
  const files = commands.flatMap(({ command }) => command.match(/examples\/[\w./-]+/g) ?? []);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
