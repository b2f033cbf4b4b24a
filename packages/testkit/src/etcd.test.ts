import { tmpdir } from 'node:os';
import { dataFolder } from './etcd.js';

test.each([
  ['with enough room', '/', 1, '/'],
  ['without enough', '/', Number.MAX_SAFE_INTEGER, tmpdir()],
  ['that is not there', '/no/such/folder', 1, tmpdir()],
])('memory %s', (_, memory, needed, folder) => {
  expect(dataFolder(memory, needed)).toBe(folder);
});
