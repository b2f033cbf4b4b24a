import type { ControllerRevision } from '@kubelab/api/types';
import { ago, deployment, meta, ownedBy, template } from '../testing/objects.js';
import { draftRevision, planHistory, planTruncation, revisionData, templateOf } from './revisions.js';

const revision = (name: string, number: number, image: string): ControllerRevision => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: meta(name, { creationTimestamp: ago(100 - number) }),
  data: revisionData(template(image)),
  revision: number,
});

test('the data is the patch that brings the template back', () => {
  expect(revisionData(template('v1'))).toEqual({ spec: { template: { ...template('v1'), $patch: 'replace' } } });
  expect(templateOf(revision('a', 1, 'v1'))).toEqual(template('v1'));
  expect(templateOf({ ...revision('a', 1, 'v1'), data: undefined })).toBeUndefined();
});

test('a draft is named after its owner and hash', () => {
  const owner = { ...deployment('web'), kind: 'StatefulSet' };
  const draft = draftRevision(owner, { template: template('v1'), revision: 3, collisions: 0, label: 'hash' });
  expect(draft.metadata).toMatchObject({ namespace: 'default', ownerReferences: [ownedBy('StatefulSet', 'web')] });
  expect(draft.metadata.name).toBe(`web-${draft.metadata.labels?.['hash']}`);
  expect(draft.revision).toBe(3);
  const again = draftRevision(owner, { template: template('v1'), revision: 3, collisions: 1, label: 'hash' });
  expect(again.metadata.name).not.toBe(draft.metadata.name);
});

describe('planHistory', () => {
  const [one, two] = [revision('a', 1, 'v1'), revision('b', 2, 'v2')];
  test.each<[string, string, ControllerRevision[], string | undefined, number]>([
    ['nothing yet', 'v1', [], undefined, 1],
    ['the newest', 'v2', [one, two], 'b', 2],
    ['a new template', 'v3', [two, one], undefined, 3],
    ['an old one that comes back', 'v1', [one, two], 'a', 3],
  ])('%s', (_name, image, revisions, current, number) => {
    const plan = planHistory(template(image), revisions);
    expect(plan.current?.metadata.name).toBe(current);
    expect(plan.number).toBe(number);
    expect(plan.old).toHaveLength(revisions.length - (current ? 1 : 0));
  });
});

test('truncating takes the oldest that nothing uses', () => {
  const old = [3, 1, 2, 4].map((number) => revision(`r${number}`, number, `v${number}`));
  const isUsed = ({ metadata }: ControllerRevision): boolean => metadata.name === 'r1';
  expect(planTruncation(old, isUsed, 1).map(({ metadata }) => metadata.name)).toEqual(['r2', 'r3']);
  expect(planTruncation(old, isUsed, 0)).toHaveLength(3);
  expect(planTruncation(old, isUsed, 10)).toEqual([]);
});

test('the data is what clients make of the same template, byte by byte', () => {
  const unordered = { spec: { containers: [{ name: 'c', image: 'i' }] }, metadata: { labels: { b: '1', a: '2' } } };
  expect(JSON.stringify(revisionData(unordered))).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"image":"i","name":"c"}]}}}}',
  );
});
