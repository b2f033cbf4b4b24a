import { changesBetween, type Phase, phaseAfter, phaseOf } from './changes.js';

const phases = (entries: Record<string, Phase>): Map<string, Phase> => new Map(Object.entries(entries));
const short = (before: Record<string, Phase>, after: Record<string, Phase>): string[] =>
  changesBetween(phases(before), phases(after)).map(
    ({ id, type }) => `${id} ${type.replace(/CONTAINER_|_EVENT/g, '')}`,
  );

test.each<[string, Record<string, Phase>, Record<string, Phase>, string[]]>([
  ['nothing', { a: 'running' }, { a: 'running' }, []],
  ['one missed from birth to death', {}, { a: 'stopped' }, ['a CREATED', 'a STARTED', 'a STOPPED']],
  ['a start', { a: 'created' }, { a: 'running' }, ['a STARTED']],
  ['gone while running', { a: 'running' }, {}, ['a STOPPED', 'a DELETED']],
  ['gone after its end', { a: 'stopped' }, {}, ['a DELETED']],
  ['an older look changes nothing', { a: 'stopped' }, { a: 'running' }, []],
])('%s', (_name, before, after, expected) => {
  expect(short(before, after)).toEqual(expected);
});

test('the engine’s states and events', () => {
  expect(['created', 'running', 'paused', 'exited', 'dead'].map(phaseOf)).toEqual([
    'created',
    'running',
    'running',
    'stopped',
    'stopped',
  ]);
  expect(['create', 'start', 'die', 'destroy', 'exec_die'].map(phaseAfter)).toEqual([
    'created',
    'running',
    'stopped',
    null,
    undefined,
  ]);
});
