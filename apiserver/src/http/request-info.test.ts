import { parseRequestInfo } from './request-info.js';

const parse = (method: string, url: string) => {
  const [path = '', search] = url.split('?');
  return parseRequestInfo(method, path, new URLSearchParams(search));
};

describe('parseRequestInfo', () => {
  it.each([
    ['GET', '/api/v1/pods', { verb: 'list', apiGroup: '', apiVersion: 'v1', resource: 'pods', name: '' }],
    ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', namespace: 'a', resource: 'pods' }],
    ['GET', '/api/v1/namespaces/a/pods?watch=true', { verb: 'watch', namespace: 'a' }],
    ['GET', '/api/v1/namespaces/a/pods?watch=false', { verb: 'list' }],
    ['GET', '/api/v1/namespaces/a/pods/p', { verb: 'get', name: 'p', subresource: '' }],
    ['GET', '/api/v1/namespaces/a/pods/p?watch=true', { verb: 'get', name: 'p' }],
    ['HEAD', '/api/v1/namespaces/a/pods/p', { verb: 'get' }],
    ['POST', '/api/v1/namespaces/a/pods', { verb: 'create' }],
    ['PUT', '/api/v1/namespaces/a/pods/p/status', { verb: 'update', subresource: 'status' }],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d', { verb: 'patch', apiGroup: 'apps', resource: 'deployments' }],
    ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection' }],
    ['DELETE', '/api/v1/namespaces/a/pods/p', { verb: 'delete', name: 'p' }],
    ['GET', '/api/v1/namespaces/a', { verb: 'get', namespace: 'a', resource: 'namespaces', name: 'a' }],
    ['PUT', '/api/v1/namespaces/a/finalize', { resource: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['GET', '/api/v1/namespaces/a/status', { resource: 'namespaces', subresource: 'status' }],
    ['GET', '/api/v1/watch/namespaces/a/pods/p', { verb: 'watch', namespace: 'a', resource: 'pods', name: 'p' }],
    [
      'GET',
      '/api/v1/namespaces/a/services/https:s:443/proxy/x/y',
      { subresource: 'proxy', name: 'https:s:443', rest: 'x/y' },
    ],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dp', { verb: 'list', name: 'p' }],
    ['GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn,metadata.name==p', { verb: 'list', name: 'p' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name!%3Dp', { verb: 'list', name: '' }],
    ['GET', '/api/v1/namespaces/a%20b/pods', { namespace: 'a b' }],
  ])('%s %s', (method, url, expected) => {
    expect(parse(method, url)).toMatchObject({ resourceRequest: true, ...expected });
  });

  it.each(['/', '/api', '/apis', '/api/v1', '/apis/apps', '/apis/apps/v1', '/healthz', '/apiservers/x/y', '//'])(
    '%s is about no resource',
    (path) => {
      expect(parse('GET', path)).toMatchObject({ resourceRequest: false, verb: 'get', path });
    },
  );

  it('refuses paths that cannot be understood', () => {
    expect(() => parse('GET', '/api/v1/%zz/pods')).toThrow('invalid URL escape');
    expect(() => parse('GET', '/api/v1/watch')).toThrow('unable to determine kind and namespace from url');
  });
});
