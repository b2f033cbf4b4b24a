import {
  boolFlag,
  durationFlag,
  HelpRequested,
  intFlag,
  listFlag,
  numberFlag,
  parseFlags,
  stringFlag,
  UsageError,
} from './flags.js';

const flags = {
  name: stringFlag('a name', 'web'),
  port: intFlag('a port', 80),
  rate: numberFlag('a rate', 0.5),
  grace: durationFlag('how long', 40_000),
  lead: boolFlag('lead', true),
  dry: boolFlag('dry run'),
  controllers: listFlag('which', ['*']),
};
const parse = (...argv: string[]) => parseFlags({ name: 'prog', description: 'does things', flags }, argv);

test('without arguments everything has its default', () => {
  expect(parse()).toEqual({
    name: 'web',
    port: 80,
    rate: 0.5,
    grace: 40_000,
    lead: true,
    dry: false,
    controllers: ['*'],
  });
});

test.each<[string[], object]>([
  [['--name=db'], { name: 'db' }],
  [['--name', 'db'], { name: 'db' }],
  [['--name='], { name: '' }],
  [['--name=a=b'], { name: 'a=b' }],
  [['--port=-1'], { port: -1 }],
  [['--rate=1e-3'], { rate: 0.001 }],
  [['--grace=1m30s'], { grace: 90_000 }],
  [['--lead=false'], { lead: false }],
  [['--dry'], { dry: true }],
  [['--dry=true'], { dry: true }],
  [['--dry=F'], { dry: false }],
  [['--controllers=a, b', '--controllers=c'], { controllers: ['a', 'b', 'c'] }],
  [['--controllers=*,-a'], { controllers: ['*', '-a'] }],
  [['--controllers='], { controllers: [] }],
  [['--port=1', '--port=2'], { port: 2 }],
])('%j', (argv, expected) => {
  expect(parse(...argv)).toMatchObject(expected);
});

test.each<[string[], RegExp]>([
  [['--nmae=x'], /unknown option '--nmae=?x?'/],
  [['stray'], /too many arguments/],
  [['--port'], /argument missing/],
  [['--port=eighty'], /--port.*must be a whole number, not "eighty"/],
  [['--port=1.5'], /must be a whole number/],
  [['--rate='], /must be a number, not ""/],
  [['--rate=NaN'], /must be a number/],
  [['--grace=40'], /time: missing unit in duration "40"/],
  [['--lead=maybe'], /must be true or false, not "maybe"/],
])('%j is wrong usage', (argv, message) => {
  expect(() => parse(...argv)).toThrow(UsageError);
  expect(() => parse(...argv)).toThrow(message);
});

test('--help lists every flag with its default', () => {
  let text = '';
  try {
    parse('--help');
  } catch (error) {
    if (!(error instanceof HelpRequested)) throw error;
    text = error.text;
  }
  expect(text).toContain('does things');
  for (const name of Object.keys(flags)) expect(text).toContain(`--${name}`);
  expect(text).toMatch(/a port \(default 80\)/);
});
