import type { Secret } from '@kubelab/api/types';
import { aggregateMessage } from '../runtime/aggregate.js';
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
  Keyring.ofSecrets([secret(auths)])
    .lookup(image)
    .map(({ username }) => username);

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const as = (username: string) => ({ username, password: 'x' });

test('credentials by registry and path, those of longer paths first', () => {
  const auths = {
    'reg.io': as('all'),
    'https://reg.io/team/': { auth: base64('team:y') },
    'reg.io/team/app': as('app'),
    '*.other.io': as('star'),
  };
  expect(users('reg.io/team/app', auths)).toEqual(['app', 'team', 'all']);
  expect(users('reg.io/teams/app', auths)).toEqual(['all']);
  expect(users('a.other.io/x', auths)).toEqual(['star']);
  expect(users('a.b.other.io/x', auths)).toEqual([]);
  expect(users('other.io/x', auths)).toEqual([]);
});

test('a path is a prefix of the text, whatever follows', () => {
  expect(users('reg.io/teams/app', { 'reg.io/team': as('team') })).toEqual(['team']);
  expect(users('reg.io/app', { 'reg.io/team': as('team') })).toEqual([]);
});

test('a port is part of the registry', () => {
  // No server: containerd takes it for a URL, and credentials of a host:port would be for no host at all.
  expect(Keyring.ofSecrets([secret({ 'reg.io:5000': as('port') })]).lookup('reg.io:5000/app')).toEqual([as('port')]);
  expect(users('reg.io:5000/x', { 'reg.io': as('none'), '*.io:5000': as('star') })).toEqual(['star']);
  expect(users('reg.io/x', { 'reg.io:443': as('port') })).toEqual([]);
});

test.each([
  ['r*g.io', ['x']],
  ['re?.io', []],
  ['*e*g*.i*', ['x']],
  ['*e*h*.io', []],
  ['re[z-a].io', []],
  ['re[a-h].io', ['x']],
  ['re[^a-h].io', []],
  ['re[g.io', []],
  ['*', []],
  ['*.*', ['x']],
  ['reg\\.io', []],
])('the pattern %s', (pattern, expected) => {
  expect(users('reg.io/app', { [pattern]: as('x') })).toEqual(expected);
});

test.each(['https://index.docker.io/v1/', 'index.docker.io', 'https://index.docker.io/v2/'])(
  'Docker Hub as %s, when nothing else is for it',
  (hub) => {
    expect(users('nginx', { [hub]: as('hub') })).toEqual(['hub']);
    expect(users('docker.io/me/app', { [hub]: as('hub') })).toEqual(['hub']);
    expect(users('nginx', { [hub]: as('hub'), 'docker.io/library': as('mine') })).toEqual(['mine']);
    expect(users('reg.io/nginx', { [hub]: as('hub') })).toEqual([]);
  },
);

test('what is no registry is left out', () => {
  expect(users('reg.io/app', { '': as('x'), '/app': as('y'), 'reg.io': as('z') })).toEqual(['z']);
});

test('auth wins over user name and password, and a password may have colons', () => {
  const [found] = Keyring.ofSecrets([secret({ 'reg.io': { ...as('old'), auth: base64('new:a:b') } })]).lookup(
    'reg.io/app',
  );
  expect(found).toEqual({ username: 'new', password: 'a:b' });
  expect(() => Keyring.ofSecrets([secret({ 'reg.io': { auth: base64('nobody') } })])).toThrow(
    'unable to parse auth field, must be formatted as base64(username:password)',
  );
});

test('several secrets for one registry are tried in their order', () => {
  const ring = Keyring.ofSecrets([secret({ 'reg.io': as('one') }), secret({ 'https://reg.io': as('two') })]);
  expect(ring.lookup('reg.io/app').map(({ username }) => username)).toEqual(['one', 'two']);
});

test('the older form has no auths around it, and a secret without its key has no credentials', () => {
  const old = {
    ...secret({}),
    type: 'kubernetes.io/dockercfg',
    data: { '.dockercfg': base64('{"reg.io":{"auth":"YTpi"}}') },
  };
  expect(Keyring.ofSecrets([old]).lookup('reg.io/app')).toEqual([{ username: 'a', password: 'b' }]);
  expect(Keyring.ofSecrets([{ ...old, data: {} }]).lookup('reg.io/app')).toEqual([]);
});

test('a secret that does not hold what its type says is told', () => {
  const broken = { ...secret({}), data: { '.dockerconfigjson': 'bm8=' } };
  expect(() => Keyring.ofSecrets([broken])).toThrow('image pull secret "s" cannot be read');
  expect(Keyring.ofSecrets([{ ...broken, type: 'Opaque' }]).lookup('a')).toEqual([]);
});

test('several failures are told once each', () => {
  expect(aggregateMessage(['a'])).toBe('a');
  expect(aggregateMessage(['a', 'a'])).toBe('a');
  expect(aggregateMessage(['a', 'b', 'a'])).toBe('[a, b]');
});
