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
  test.each<[string, boolean, number, string]>([
    ['/healthz', false, 200, 'ok'],
    ['/livez', true, 200, '[+]ping ok\n[+]etcd ok\nlivez check passed\n'],
    ['/readyz', false, 500, '[+]ping ok\n[+]etcd ok\n[-]informers failed: not listed yet: pods\nreadyz check failed\n'],
    ['/readyz/etcd', false, 200, 'ok'],
    ['/readyz/informers', false, 500, '[+]ping ok\n[-]informers failed: not listed yet: pods\nreadyz check failed\n'],
    ['/livez/ping', false, 200, 'ok'],
    ['/livez/informers', false, 404, '404 page not found\n'],
    ['/livez/nonsense', false, 404, '404 page not found\n'],
  ])('%s (verbose: %s) is %i', async (path, verbose, code, body) => {
    expect(await answerHealth(path, verbose, [fine, broken])).toEqual({ code, body });
  });

  test('other paths are somebody else’s', async () => {
    expect(await answerHealth('/metrics', false, [])).toBeUndefined();
    expect(await answerHealth('/healthzz', false, [])).toBeUndefined();
  });

  test('a check may take its time, and may reject', async () => {
    const slow = { name: 'slow', check: () => Promise.reject(new Error('timed out')) };
    expect((await answerHealth('/healthz', false, [slow]))?.body).toContain('[-]slow failed: timed out');
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
