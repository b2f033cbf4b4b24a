import { defaultPlugins } from './plugins/registry.js';
import { planPreemption } from './preemption.js';
import { selectNode } from './select-node.js';
import { makeContext, makeInfo, makeNode, makePod, requesting } from './testing.js';

function plan(pod: ReturnType<typeof makePod>, nodes: ReturnType<typeof makeInfo>[]) {
  const context = makeContext(pod, nodes);
  const decision = selectNode(context, defaultPlugins, () => 0);
  if ('node' in decision) throw new Error('it fits');
  return planPreemption(context, defaultPlugins, decision.rejections, []);
}

const cpu = (amount: string, priority: number) => ({ ...requesting({ cpu: amount }), priority });

test('takes as few pods of lower priority as needed, the least important first', () => {
  const pods = [makePod('low', cpu('1', 1)), makePod('mid', cpu('1', 5))];
  const result = plan(makePod('high', cpu('1', 10)), [makeInfo(makeNode('a'), pods)]);
  expect(result).toMatchObject({ preemption: { nodeName: 'a', victims: [{ metadata: { name: 'low' } }] } });
});

test('never takes pods of the same or a higher priority', () => {
  const result = plan(makePod('p', cpu('1', 5)), [makeInfo(makeNode('a'), [makePod('x', cpu('2', 5))])]);
  expect(result).toEqual({
    message: 'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  });
});

test('does not help where no eviction would', () => {
  const result = plan(makePod('p', cpu('9', 5)), [makeInfo(makeNode('a'), [makePod('x', cpu('2', 1))])]);
  expect(result).toEqual({
    message: 'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  });
});

test('a pod that must not preempt does not', () => {
  const pod = makePod('p', { ...cpu('1', 5), preemptionPolicy: 'Never' });
  expect(plan(pod, [makeInfo(makeNode('a'), [makePod('x', cpu('2', 1))])])).toEqual({
    message: 'preemption: not eligible due to preemptionPolicy=Never.',
  });
});
