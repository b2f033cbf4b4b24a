import { focusOn, groupTests, sigOf } from './groups.js';

test('the owner is in the name', () => {
  expect(sigOf('[sig-api-machinery] Watchers should x [Conformance]')).toBe('api-machinery');
  expect(sigOf('[k8s.io] Pods should x')).toBe('none');
});

test('groups have one owner each, are small, and hold every test once', () => {
  const names = ['[sig-b] 1', '[sig-a] 3', '[sig-a] 1', '[sig-a] 2', '[sig-a] 1'];
  expect(groupTests(names, 2)).toEqual([
    { id: 'a-1', sig: 'a', names: ['[sig-a] 1', '[sig-a] 2'] },
    { id: 'a-2', sig: 'a', names: ['[sig-a] 3'] },
    { id: 'b-1', sig: 'b', names: ['[sig-b] 1'] },
  ]);
  expect(groupTests([], 2)).toEqual([]);
});

test('the focus matches the named tests and no others', () => {
  const name = '[sig-a] should (really) cost $1.5 | {a} [Conformance]';
  const focus = new RegExp(focusOn([name, 'other']));
  expect(focus.test(`Kubernetes e2e suite ${name}`)).toBe(true);
  expect(focus.test('Kubernetes e2e suite other')).toBe(true);
  expect(focus.test(`${name} and more`)).toBe(false);
});
