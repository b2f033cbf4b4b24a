import { builtinResources } from '@kubelab/api/registry';
import { aggregatedDocument, wantsAggregated } from './aggregated.js';
import { groupListDocument, groupsOf, resourceListDocument, storageVersionHash } from './documents.js';

const groups = groupsOf(builtinResources);

describe('legacy discovery', () => {
  it('lists groups in upstream order, without core', () => {
    const document = groupListDocument(groups) as { groups: { name: string }[] };
    const names = document.groups.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['apiregistration.k8s.io', 'apps']);
    expect(names.indexOf('authentication.k8s.io')).toBeLessThan(names.indexOf('batch'));
    expect(names).not.toContain('');
  });

  it('describes resources and subresources', () => {
    const apps = groups.find(({ name }) => name === 'apps')?.versions[0];
    const document = resourceListDocument('apps', 'v1', apps?.definitions ?? []) as { resources: { name: string }[] };
    const find = (name: string) => document.resources.find((resource) => resource.name === name);
    expect(find('deployments')).toMatchObject({
      singularName: 'deployment',
      namespaced: true,
      kind: 'Deployment',
      shortNames: ['deploy'],
      categories: ['all'],
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    });
    expect(find('deployments/scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' });
  });

  it('hashes storage versions as upstream', () => {
    const pod = builtinResources.find(({ kind }) => kind === 'Pod');
    expect(pod && storageVersionHash(pod)).toBe('xPOwRZ+Yhw8=');
  });
});

describe('aggregated discovery', () => {
  it.each([
    ['application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json', 'v2'],
    ['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList', 'v2beta1'],
    ['application/json', undefined],
    ['application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json', undefined],
    [undefined, undefined],
  ])('%s', (accept, expected) => {
    expect(wantsAggregated(accept)).toBe(expected);
  });

  it('says the same in one document', () => {
    const document = aggregatedDocument(groups, 'v2') as {
      items: { versions: { resources: { resource: string }[] }[] }[];
    };
    const core = document.items[0]?.versions[0]?.resources ?? [];
    expect(core.find(({ resource }) => resource === 'pods')).toMatchObject({
      scope: 'Namespaced',
      singularResource: 'pod',
      responseKind: { group: '', version: 'v1', kind: 'Pod' },
    });
  });
});
