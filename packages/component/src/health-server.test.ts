import { Counter, Registry } from 'prom-client';
import { answerHealth, type HealthServer, startHealthServer } from './health-server.js';

const fine = { name: 'etcd', check: () => undefined };
const broken = {
  name: 'informers',
  readinessOnly: true,
  check: () => {
    throw new Error('not listed yet: pods');
  },
};

describe('answerHealth', () => {
  test.each<[string, string, number, string]>([
    ['/healthz', '', 200, 'ok'],
    ['/livez', 'verbose', 200, '[+]ping ok\n[+]etcd ok\nlivez check passed\n'],
    ['/readyz', '', 500, '[+]ping ok\n[+]etcd ok\n[-]informers failed: reason withheld\nreadyz check failed\n'],
    [
      '/readyz',
      'verbose&exclude=informers',
      200,
      '[+]ping ok\n[+]etcd ok\n[+]informers excluded: ok\nreadyz check passed\n',
    ],
    [
      '/livez',
      'verbose=&exclude=etcd&exclude=a"b&exclude=c',
      200,
      '[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for "a\\"b", "c"\nlivez check passed\n',
    ],
    ['/readyz/etcd', '', 200, 'ok'],
    ['/readyz/etcd', 'verbose', 200, 'ok'],
    ['/readyz/informers', '', 500, 'internal server error: not listed yet: pods\n'],
    ['/livez/ping', '', 200, 'ok'],
    ['/livez/informers', '', 404, '404 page not found\n'],
    ['/livez/nonsense', '', 404, '404 page not found\n'],
  ])('%s?%s is %i', async (path, query, code, body) => {
    expect(await answerHealth(path, new URLSearchParams(query), [fine, broken])).toMatchObject({ code, body });
  });

  test('tells for the log what it does not tell everybody', async () => {
    const { failures } = (await answerHealth('/readyz', new URLSearchParams(), [fine, broken])) ?? {};
    expect(failures).toEqual(['informers: not listed yet: pods']);
  });

  test('other paths are somebody else’s', async () => {
    expect(await answerHealth('/metrics', new URLSearchParams(), [])).toBeUndefined();
    expect(await answerHealth('/healthzz', new URLSearchParams(), [])).toBeUndefined();
  });

  test('a check may take its time, and may reject', async () => {
    const slow = { name: 'slow', check: () => Promise.reject(new Error('timed out')) };
    const answer = await answerHealth('/healthz', new URLSearchParams(), [slow]);
    expect([answer?.body, answer?.failures]).toEqual([expect.stringContaining('[-]slow failed'), ['slow: timed out']]);
  });
});

describe('startHealthServer', () => {
  let server: HealthServer;
  const registry = new Registry();
  new Counter({ name: 'test_total', help: 'test', registers: [registry] }).inc(3);

  beforeAll(async () => {
    server = await startHealthServer({
      port: 0,
      host: '127.0.0.1',
      checks: [fine],
      registry,
      handle: (request, response) => {
        if (request.url !== '/configz') return false;
        response.end('{}');
        return true;
      },
    });
  });
  afterAll(() => server.close());

  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [response.status, await response.text()];
  };

  test('serves health, metrics and what the service adds', async () => {
    expect(await get('/healthz')).toEqual([200, 'ok']);
    expect((await get('/readyz?verbose'))[1]).toContain('readyz check passed');
    expect((await get('/metrics'))[1]).toContain('test_total 3');
    expect(await get('/configz')).toEqual([200, '{}']);
    expect((await get('/else'))[0]).toBe(404);
  });

  test('a port that is taken is an error', async () => {
    await expect(startHealthServer({ port: server.port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
