import type { Secret } from '@kubelab/api/types';
import { parseImageName, withDefaultTag } from './image-name.js';
import { Keyring } from './keyring.js';

test.each([
  ['nginx', 'docker.io', 'library/nginx', undefined],
  ['nginx:1', 'docker.io', 'library/nginx', '1'],
  ['me/app', 'docker.io', 'me/app', undefined],
  ['localhost/app:2', 'localhost', 'app', '2'],
  ['registry:5000/a/b:3', 'registry:5000', 'a/b', '3'],
])('%s', (text, registry, repository, tag) => {
  expect(parseImageName(text)).toEqual({ registry, repository, ...(tag ? { tag } : {}) });
});

test.each(['', 'UPPER', 'a b', ':1', 'a::1', 'a@sha256:12'])('"%s" is no image', (text) => {
  expect(() => parseImageName(text)).toThrow(`couldn't parse image name "${text}": invalid reference format`);
});

test('a name without tag and digest means latest', () => {
  const digest = `a@sha256:${'0'.repeat(64)}`;
  expect([withDefaultTag('a'), withDefaultTag('a:1'), withDefaultTag(digest)]).toEqual(['a:latest', 'a:1', digest]);
});

const secret = (auths: object): Secret =>
  ({
    metadata: { name: 's' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  }) as unknown as Secret;
const users = (image: string, auths: object) =>
  new Keyring([secret(auths)]).lookup(image).map(({ username }) => username);

test('credentials by registry and path, the most specific first', () => {
  const auths = {
    'reg.io': { username: 'all', password: 'x' },
    'https://reg.io/team/': { auth: Buffer.from('team:y').toString('base64') },
    '*.other.io': { username: 'star', password: 'z' },
    'https://index.docker.io/v1/': { username: 'hub', password: 'h' },
  };
  expect(users('reg.io/team/app', auths)).toEqual(['team', 'all']);
  expect(users('reg.io/teams/app', auths)).toEqual(['all']);
  expect(users('a.other.io/x', auths)).toEqual(['star']);
  expect(users('nginx', auths)).toEqual(['hub']);
  // No server: containerd takes it for a URL, and credentials of a host:port would be for no host at all.
  expect(new Keyring([secret({ 'reg.io:5000': auths['reg.io'] })]).lookup('reg.io:5000/app')).toEqual([
    auths['reg.io'],
  ]);
  expect(users('reg.io:5000/x', auths)).toEqual([]);
});

test('a secret that does not hold what its type says is told', () => {
  const broken = { ...secret({}), data: { '.dockerconfigjson': 'bm8=' } };
  expect(() => new Keyring([broken])).toThrow('image pull secret "s" cannot be read');
  expect(new Keyring([{ ...broken, type: 'Opaque' }]).lookup('a')).toEqual([]);
});
