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

test('two rotations in one second, and a clock that was set back, take no name twice and keep the order', () => {
  expect(plan(['0.log.20260102-030405']).renameTo).toBe('0.log.20260102-030406');
  expect(plan(['0.log.20260102-030405.gz', '0.log.20260102-030406']).renameTo).toBe('0.log.20260102-030407');
  expect(plan(['0.log.20270101-235959']).renameTo).toBe('0.log.20270102-000000');
  expect(plan(['0.log.20250101-235959', '0.log.nonsense']).renameTo).toBe('0.log.20260102-030405');
});

test('a name that goes once more is not given again to what is kept', () => {
  expect(plan(['0.log.20260102-030405'], 2)).toMatchObject({
    remove: ['0.log.20260102-030405'],
    renameTo: '0.log.20260102-030406',
  });
});
