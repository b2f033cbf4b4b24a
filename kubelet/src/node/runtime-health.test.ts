import { healthOf, readyProblems } from './runtime-health.js';

const health = (...conditions: object[]) => healthOf({ status: { conditions } } as never);
const fine = [
  { type: 'RuntimeReady', status: true, reason: '', message: '' },
  { type: 'NetworkReady', status: true, reason: '', message: '' },
];

test('a runtime that is well has no problems', () => {
  expect(readyProblems(health(...fine), undefined)).toEqual([]);
});

test('what is wrong is told in upstream’s words and order', () => {
  const network = { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'no CNI' };
  const runtimeProblem = 'container runtime is down';
  const pleg = 'pleg was last seen active 3m5s ago; threshold is 3m0s';
  expect(readyProblems({ ...health(fine[0] as object, network), runtimeProblem }, pleg)).toEqual([
    'container runtime is down',
    'PLEG is not healthy: pleg was last seen active 3m5s ago; threshold is 3m0s',
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no CNI',
  ]);
});

test('a runtime that does not tell of a condition does not have it', () => {
  expect(readyProblems(health(), undefined)).toEqual([
    'RuntimeReady condition is not set',
    'container runtime network not ready: NetworkReady condition is not set',
  ]);
});
