import { parseProxyName } from './proxy-name.js';
import { parseProxyPath } from './proxy-path.js';

const prefix = '/api/v1/namespaces/default/services/https:web:443/proxy';

test.each([
  ['', '', ''],
  ['/', '/', ''],
  ['?a=b', '', '?a=b'],
  ['/a//b/./c/', '/a/b/c/', ''],
  ['/../../pods', '/pods', ''],
  ['/%2e%2e/%2e%2e/x?y=%2F', '/x', '?y=%2F'],
  ['/a%2Fb', '/a/b', ''],
  ['/%e4%bd%a0+&=@:$,;~', '/%E4%BD%A0+&=@:$,;~', ''],
  ["/!'()*[]%3F%23%25", '/%21%27%28%29%2A%5B%5D%3F%23%25', ''],
])('%s is asked for as %s', (rest, escaped, search) => {
  expect(parseProxyPath(`${prefix}${rest}`)).toMatchObject({ prefix, escaped, search });
});

test('a path that is none of a proxy, or cannot be decoded', () => {
  expect(parseProxyPath('/api/v1/namespaces/default/services/web/proxyish')).toBeUndefined();
  expect(() => parseProxyPath(`${prefix}/%zz`)).toThrow('invalid URL escape in path "/%zz"');
});

test.each([
  ['web', { secure: false, name: 'web', port: '' }],
  ['web:', { secure: false, name: 'web', port: '' }],
  ['web:http', { secure: false, name: 'web', port: 'http' }],
  ['https:web:', { secure: true, name: 'web', port: '' }],
  [':web:80', { secure: false, name: 'web', port: '80' }],
])('%s', (text, expected) => expect(parseProxyName(text, 'service')).toEqual(expected));

test.each(['', ':', ':80', 'https::443', 'ftp:web:21', 'a:b:c:d'])('%j is refused', (text) => {
  expect(() => parseProxyName(text, 'pod')).toThrow(`invalid pod request ${JSON.stringify(text)}`);
});
