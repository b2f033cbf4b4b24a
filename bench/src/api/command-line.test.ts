import { UsageError } from '../command-line.js';
import { parseApiOptions } from './command-line.js';

test('the defaults', () => {
  expect(parseApiOptions([])).toEqual({
    parts: ['requests', 'lists', 'watches', 'growth'],
    clients: [1, 16, 64],
    milliseconds: 3000,
    objects: 5000,
    watchers: 500,
    events: 1000,
  });
});

test('everything', () => {
  const args =
    '--kubeconfig f --context c --pid 7 --compare g --compare-context d --compare-pid 8 --parts watches,lists --clients 2 --seconds 1 --objects 3 --watchers 4 --events 5';
  expect(parseApiOptions(args.split(' '))).toMatchObject({
    server: { kubeconfig: 'f', context: 'c', pid: 7 },
    compare: { kubeconfig: 'g', context: 'd', pid: 8 },
    parts: ['watches', 'lists'],
    clients: [2],
    watchers: 4,
  });
});

test.each([
  ['--pid 1', /need --kubeconfig/],
  ['--container c', /need --kubeconfig/],
  ['--context c', /needs --kubeconfig/],
  ['--compare-context c', /needs --compare/],
  ['--compare-pid 1', /needs --compare/],
  ['--compare f --compare-pid x', /--compare-pid must be/],
  ['--kubeconfig f --pid 1 --container c', /either --pid or --container/],
  ['--kubeconfig f --parts all', /--parts are requests, lists/],
  ['--kubeconfig f --clients 0', /--clients must be a whole number/],
  ['--kubeconfig f --seconds 1.5', /--seconds must be a whole number/],
  ['--kubeconfig f --color', /color/],
])('refuses %j', (args, text) => {
  const parse = () => parseApiOptions(args.split(' ').filter(Boolean));
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(text);
});
