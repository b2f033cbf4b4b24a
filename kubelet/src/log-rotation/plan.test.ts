import { planRotation } from './plan.js';

const now = Date.parse('2026-01-02T03:04:05.678Z');
const plan = (rotated: string[], maxFiles = 5) => planRotation('0.log', rotated, { maxFiles, now });

test('the first rotation only renames', () => {
  expect(plan([])).toEqual({ remove: [], compress: [], renameTo: '0.log.20260102-030405' });
});

test('the last rotation is compressed, the oldest goes', () => {
  const rotated = ['0.log.4', '0.log.1.gz', '0.log.3.gz', '0.log.2.gz'];
  expect(plan(rotated)).toMatchObject({ remove: ['0.log.1.gz'], compress: ['0.log.4'] });
});

test('what an interrupted compression left is removed', () => {
  expect(plan(['0.log.1.gz.tmp', '0.log.1', '0.log.2', '0.log.2.gz'])).toMatchObject({
    remove: ['0.log.1.gz.tmp', '0.log.2'],
    compress: ['0.log.1'],
  });
});

test('two files are the current one and the one before it', () => {
  expect(plan(['0.log.1'], 2)).toMatchObject({ remove: ['0.log.1'], compress: [] });
});
