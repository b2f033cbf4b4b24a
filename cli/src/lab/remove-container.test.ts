import { anonymousVolumes } from './remove-container.js';

test('only volumes that the engine has named are a container\u2019s own', () => {
  const own = 'a0'.repeat(32);
  expect(anonymousVolumes([{ Name: own }, { Name: 'kubelab_etcd' }, {}, { Name: `${own}0` }])).toEqual([own]);
});
