/** Writing back what was read is no change: no new version, no event for watchers, no owner. */

import { builtinResources } from '@kubelab/api/registry';
import { eventually } from '@kubelab/testkit/eventually';
import { samples } from '../testing/fuzz/samples.js';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import type { Answer } from '../testing/test-client.js';

let test: TestApiserver;

beforeAll(async () => {
  test = await startTestApiserver();
  await test.admin.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(() => test?.close());

interface Subject {
  path: string;
  sample: object;
  status: boolean;
}

/** Kinds that are refused here, or whose names or contents are not for a sample to choose. */
const unfit = new Set([
  'apiservices',
  'certificatesigningrequests',
  'customresourcedefinitions',
  'ipaddresses',
  'mutatingwebhookconfigurations',
  'servicecidrs',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
]);

const subjects = builtinResources.flatMap(({ group, version, plural, namespaced, verbs, subresources }) => {
  const sample = samples[`${plural}.${group}`];
  if (unfit.has(plural) || !sample || !verbs.includes('update')) return [];
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const path = `${root}${namespaced ? '/namespaces/default' : ''}/${plural}`;
  const subject: Subject = { path, sample, status: subresources['status'] !== undefined };
  return [[`${plural}.${group || version} ${version}`, subject] as const];
});

it.each(subjects)('%s', async (_name, { path, sample, status }) => {
  const { admin } = test;
  const given = { metadata: { name: 'unchanged', labels: { a: 'b' } }, ...sample };
  const created = await admin.post(path, given);
  expect([created.code, created.body.message]).toEqual([201, undefined]);
  const object = `${path}/unchanged`;
  // What controllers of the server itself add comes first.
  let { body } = await admin.get(object);
  await eventually(async () => {
    const before = body.metadata.resourceVersion;
    ({ body } = await admin.get(object));
    expect(body.metadata.resourceVersion).toBe(before);
  });
  const writes: Record<string, () => Promise<Answer>> = {
    put: () => admin.put(object, body, { 'user-agent': 'other/1' }),
    nothing: () => admin.patch(object, 'merge', {}),
    same: () => admin.patch(object, 'merge', { metadata: { labels: { a: 'b' } } }),
    ...(status ? { status: () => admin.put(`${object}/status`, body, { 'user-agent': 'other/1' }) } : {}),
  };
  for (const [what, write] of Object.entries(writes)) {
    const answer = await write();
    expect([what, answer.code, answer.body]).toEqual([what, 200, body]);
  }
  // Some act on what is created after them, and the versions of a kind share what is stored.
  await admin.delete(object);
});
