import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isStatusError, type StatusError, serviceUnavailable } from '@kubelab/apimachinery/status-error';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { MemoryObjects } from '../authorization/memory-objects.js';
import type { Authorizer, RequestContext, UserInfo } from '../contracts.js';
import { createAuthentication } from './authentication.js';
import { impersonate } from './impersonation.js';
import { createSelfSubjectReviewHandler, createTokenReviewHandler } from './token-review.js';

type Headers = Record<string, string | string[]>;
type Handler = (request: import('node:http').IncomingMessage) => Promise<unknown>;

let server: Server;
let handler: Handler;

interface Outcome {
  value?: { user: UserInfo; headers: Record<string, unknown> };
  code?: number;
  message?: string;
}

async function ask(headers: Headers = {}): Promise<Outcome> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, host: '127.0.0.1', agent: false, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve(text === '' ? { code: response.statusCode ?? 0 } : (JSON.parse(text) as Outcome)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

beforeAll(async () => {
  server = createServer((request, response) => {
    handler(request).then(
      (value) => response.end(JSON.stringify({ value })),
      (error: StatusError) => response.end(JSON.stringify({ code: error.code, message: error.message })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => server.close());

function setUp({ anonymous = true } = {}) {
  const objects = new MemoryObjects();
  const encoded = (value: string) => Buffer.from(value).toString('base64');
  objects.put('secrets', {
    metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    data: {
      'token-id': encoded('abcdef'),
      'token-secret': encoded('0123456789abcdef'),
      'usage-bootstrap-authentication': encoded('true'),
    },
  });
  const options = { objects, clock: new FakeClock(), apiAudiences: ['api'], bootstrapTokens: true, anonymous };
  const authentication = createAuthentication(options);
  handler = async (request) => ({
    user: await authentication.authenticator.authenticate(request),
    headers: request.headers,
  });
  return { ...authentication, objects };
}

describe('authentication', () => {
  test('nobody is anonymous', async () => {
    setUp();
    expect((await ask()).value?.user).toEqual({ name: 'system:anonymous', groups: ['system:unauthenticated'] });
  });

  test('nobody is refused when anonymous requests are switched off', async () => {
    setUp({ anonymous: false });
    expect(await ask()).toEqual({ code: 401, message: 'Unauthorized' });
  });

  test('a good token is a user among the authenticated, and travels no further', async () => {
    setUp();
    const { value } = await ask({ Authorization: 'Bearer abcdef.0123456789abcdef' });
    expect(value?.user.groups).toEqual(['system:bootstrappers', 'system:authenticated']);
    expect(value?.headers['authorization']).toBeUndefined();
  });

  test.each([
    ['a wrong token', { Authorization: 'Bearer nonsense' }],
    ['a token in lower case scheme', { Authorization: 'bearer nonsense' }],
    ['a jwt-like token', { Authorization: 'Bearer a.b.c' }],
    ['a huge token', { Authorization: `Bearer ${'x'.repeat(12_000)}` }],
    ['two tokens', { Authorization: 'Bearer a b' }],
  ])('%s is 401 and not anonymous', async (_what, headers) => {
    setUp();
    expect(await ask(headers)).toEqual({ code: 401, message: 'Unauthorized' });
  });

  test.each([
    ['basic credentials', { Authorization: 'Basic YTpi' }],
    ['an empty token', { Authorization: 'Bearer ' }],
    ['front proxy headers without a front proxy', { 'X-Remote-User': 'admin', 'X-Remote-Group': 'system:masters' }],
  ])('%s are not credentials', async (_what, headers) => {
    setUp();
    expect((await ask(headers)).value?.user.name).toBe('system:anonymous');
  });

  test('headers beyond the limit never reach the authenticators', async () => {
    setUp();
    expect((await ask({ Authorization: `Bearer ${'x'.repeat(20_000)}` })).code).toBe(431);
  });

  test('a browser gives its token as a WebSocket protocol', async () => {
    setUp();
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('abcdef.0123456789abcdef').toString('base64url')}`;
    const outcome = await new Promise<{ user: UserInfo; protocol: unknown }>((resolve, reject) => {
      server.once('upgrade', (request, socket) => {
        handler(request).then((value) => {
          socket.destroy();
          const seen = value as { user: UserInfo };
          resolve({ user: seen.user, protocol: request.headers['sec-websocket-protocol'] });
        }, reject);
      });
      const { port } = server.address() as AddressInfo;
      const headers = {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Protocol': `${protocol}, v5.channel.k8s.io`,
      };
      httpRequest({ port, host: '127.0.0.1', headers })
        .on('error', () => undefined)
        .end();
    });
    expect(outcome.user.name).toBe('system:bootstrap:abcdef');
    expect(outcome.protocol).toBe('v5.channel.k8s.io');
  });

  test('trouble of the server is told as such and not as wrong credentials', async () => {
    const { objects } = setUp();
    objects.remove('secrets', 'kube-system', 'bootstrap-token-abcdef');
    objects.get = () => Promise.reject(serviceUnavailable('etcd is away'));
    expect(await ask({ Authorization: 'Bearer abcdef.0123456789abcdef' })).toEqual({
      code: 503,
      message: 'etcd is away',
    });
  });
});

describe('impersonation', () => {
  const admin: UserInfo = { name: 'admin', groups: ['system:masters'] };

  function serve(allow: (what: string) => boolean) {
    const asked: string[] = [];
    const authorizer: Authorizer = {
      authorize: (attributes) => {
        const what = [attributes.verb, attributes.resource, attributes.subresource, attributes.name]
          .filter(Boolean)
          .join(' ');
        asked.push(what);
        return { allowed: allow(what), reason: '' };
      },
    };
    handler = async (request) => ({
      user: await impersonate(request, admin, { authorizer, path: '/' }),
      headers: request.headers,
    });
    return asked;
  }

  test('without headers changes nothing and asks nobody', async () => {
    const asked = serve(() => false);
    expect((await ask()).value?.user).toEqual(admin);
    expect(asked).toEqual([]);
  });

  test('asks for everything it takes, and hides the headers', async () => {
    const asked = serve(() => true);
    const { value } = await ask({
      'Impersonate-User': 'jane',
      'Impersonate-Group': ['dev', 'ops'],
      'Impersonate-Uid': 'u-1',
      'Impersonate-Extra-Acme.com%2FTeam': ['a', 'b'],
    });
    expect(asked).toEqual([
      'impersonate users jane',
      'impersonate groups dev',
      'impersonate groups ops',
      'impersonate userextras acme.com/team a',
      'impersonate userextras acme.com/team b',
      'impersonate uids u-1',
    ]);
    expect(value?.user).toEqual({
      name: 'jane',
      uid: 'u-1',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'acme.com/team': ['a', 'b'] },
    });
    expect(Object.keys(value?.headers ?? {}).filter((name) => name.startsWith('impersonate'))).toEqual([]);
  });

  test('is refused when one part is', async () => {
    serve((what) => !what.includes('system:masters'));
    const outcome = await ask({ 'Impersonate-User': 'jane', 'Impersonate-Group': 'system:masters' });
    expect(outcome.code).toBe(403);
    expect(outcome.message).toBe(
      'groups "system:masters" is forbidden: User "admin" cannot impersonate resource "groups" in API group "" at the cluster scope',
    );
  });

  test('of a service account gives its groups', async () => {
    const asked = serve(() => true);
    const { value } = await ask({ 'Impersonate-User': 'system:serviceaccount:default:web' });
    expect(asked).toEqual(['impersonate serviceaccounts web']);
    expect(value?.user.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:default',
      'system:authenticated',
    ]);
  });

  test('of nobody stays unauthenticated', async () => {
    serve(() => true);
    expect((await ask({ 'Impersonate-User': 'system:anonymous' })).value?.user.groups).toEqual([
      'system:unauthenticated',
    ]);
  });

  test('of a group alone is refused', async () => {
    serve(() => true);
    expect((await ask({ 'Impersonate-Group': 'system:masters' })).code).toBe(500);
  });
});

describe('reviews', () => {
  const context = { user: { name: 'jane', uid: 'u', groups: ['dev'] } } as unknown as RequestContext;
  const body = (spec: object) =>
    ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec }) as never;

  test('a TokenReview tells the user behind a token', async () => {
    const { tokens } = setUp();
    const review = createTokenReviewHandler({ tokens, apiAudiences: ['api'] });
    const { code, object } = await review.create(context, body({ token: 'abcdef.0123456789abcdef' }), {
      dryRun: false,
    });
    expect(code).toBe(201);
    expect(object['status']).toEqual({
      authenticated: true,
      user: { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] },
      audiences: ['api'],
    });
  });

  test('a TokenReview of a bad token, or for another audience, says so', async () => {
    const { tokens } = setUp();
    const review = createTokenReviewHandler({ tokens, apiAudiences: ['api'] });
    for (const spec of [{ token: 'nonsense' }, { token: 'abcdef.0123456789abcdef', audiences: ['vault'] }]) {
      const { object } = await review.create(context, body(spec), { dryRun: false });
      expect(object['status']).toEqual({ user: {}, error: 'invalid bearer token' });
    }
  });

  test('a TokenReview without a token is 400', async () => {
    const { tokens } = setUp();
    const review = createTokenReviewHandler({ tokens, apiAudiences: ['api'] });
    const error: unknown = await review.create(context, body({}), { dryRun: false }).catch((reason: unknown) => reason);
    expect(isStatusError(error, 'BadRequest')).toBe(true);
  });

  test('a SelfSubjectReview tells who asks', async () => {
    const review = createSelfSubjectReviewHandler({ clock: new FakeClock('2026-01-01T00:00:00Z') });
    const { object } = await review.create(context, body({}), { dryRun: false });
    expect(object['status']).toEqual({ userInfo: { username: 'jane', uid: 'u', groups: ['dev'] } });
  });
});
