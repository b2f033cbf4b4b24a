import { sameStatus } from './same-status.js';

it.each([
  [{ replicas: 0, readyReplicas: 0 }, { replicas: 0 }],
  [{}, undefined],
  [{ conditions: [] }, { conditions: null }],
  [{ loadBalancer: {} }, {}],
  [{ loadBalancer: { ingress: [] } }, { text: '' }],
  [{ conditions: [{ type: 'A', lastProbeTime: null }] }, { conditions: [{ type: 'A', message: '' }] }],
  [{ used: { pods: '0' } }, { used: { pods: '0' } }],
])('%j says what %j says', (a, b) => {
  expect([sameStatus(a, b), sameStatus(b, a)]).toEqual([true, true]);
});

it.each([
  [{ replicas: 1 }, { replicas: 0 }],
  [{ replicas: 1 }, {}],
  [{ conditions: [{ type: 'A' }] }, { conditions: [] }],
  [{ conditions: [{ type: 'A' }] }, { conditions: [{ type: 'B' }] }],
  [{ conditions: [{ type: 'A' }, {}] }, { conditions: [{ type: 'A' }] }],
  [{ list: ['a', 'b'] }, { list: ['b', 'a'] }],
  [{ list: ['a'] }, { list: { 0: 'a' } }],
  [{ used: { pods: '1' } }, { used: 'pods' }],
  [{ used: {} }, { used: 'pods' }],
])('%j does not say what %j says', (a, b) => {
  expect([sameStatus(a, b), sameStatus(b, a)]).toEqual([false, false]);
});
