import { complete } from '@kubelab/proto/complete';
import { engineAuth } from './auth.js';
import { pairLayers } from './filesystem.js';
import { imageUser } from './images.js';
import { splitReference } from './reference.js';

test.each([
  ['busybox', 'busybox', 'latest'],
  ['busybox:1.36', 'busybox', '1.36'],
  ['registry:5000/team/app', 'registry:5000/team/app', 'latest'],
  ['registry:5000/team/app:2', 'registry:5000/team/app', '2'],
  ['app:2@sha256:abc', 'app', 'sha256:abc'],
])('%s', (reference, name, tag) => {
  expect(splitReference(reference)).toEqual({ name, tag });
});

test('credentials in every form', () => {
  const auth = (value: Parameters<typeof complete<'AuthConfig'>>[1]) => engineAuth(complete('AuthConfig', value));
  expect(engineAuth(null)).toBeUndefined();
  expect(auth({ serverAddress: 'r' })).toBeUndefined();
  expect(auth({ auth: btoa('user:pa:ss'), serverAddress: 'r' })).toEqual({
    username: 'user',
    password: 'pa:ss',
    serveraddress: 'r',
  });
  expect(auth({ identityToken: 't' })).toEqual({ identitytoken: 't' });
  expect(() => auth({ auth: btoa('nocolon') })).toThrow(/invalid auth/);
});

test('the user of an image', () => {
  expect(imageUser('1000:2000')).toEqual({ uid: { value: 1000 } });
  expect(imageUser('nobody')).toEqual({ username: 'nobody' });
  expect(imageUser('')).toEqual({ username: '' });
});

test('layers get the sizes of the steps that made them, or the top one gets all', () => {
  expect(pairLayers(['a', 'b'], [20, 0, 10], 30)).toEqual([
    { diffId: 'a', bytes: 10 },
    { diffId: 'b', bytes: 20 },
  ]);
  expect(pairLayers(['a', 'b'], [10], 30)).toEqual([{ diffId: 'b', bytes: 30 }]);
  expect(pairLayers([], [], 0)).toEqual([]);
});
