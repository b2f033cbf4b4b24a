import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pod, Probe } from '@kubelab/api/types';
import { CriError } from '@kubelab/proto/cri-error';
import type { ContainerSpec } from '../pods/pod.js';
import { type ProbeAnswer, runProbe } from './probe-runner.js';

let server: Server;
let port: number;
let seen: IncomingMessage[];

const pages: Record<string, (response: ServerResponse) => void> = {
  '/ok': (response) => response.end('fine'),
  '/bad': (response) => response.writeHead(503).end('broken'),
  '/slow': () => undefined,
  '/cut': (response) => response.destroy(),
  '/to-ok': (response) => response.writeHead(302, { Location: '/ok' }).end(),
  '/to-bad': (response) => response.writeHead(301, { Location: `http://127.0.0.1:${port}/bad?x=1` }).end(),
  '/to-elsewhere': (response) => response.writeHead(307, { Location: 'http://192.0.2.1/ok' }).end('over there'),
  '/to-nowhere': (response) => response.writeHead(302).end('where?'),
  '/in-circles': (response) => response.writeHead(302, { Location: '/in-circles' }).end(),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    pages[request.url?.replace(/\?.*/, '') ?? '']?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  seen = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function probe(probe: Probe, execSync: () => Promise<unknown> = async () => ({})): Promise<ProbeAnswer> {
  const container = { name: 'app', ports: [{ name: 'web', containerPort: port }] } as unknown as ContainerSpec;
  const pod = { metadata: { name: 'web' } } as unknown as Pod;
  const target = { pod, container, containerId: 'c1', podIP: '127.0.0.1' };
  return runProbe(probe, target, { execSync } as unknown as Parameters<typeof runProbe>[2]);
}
const get = (path: string, more: object = {}): Promise<ProbeAnswer> => probe({ httpGet: { path, port, ...more } });

describe('http', () => {
  test.each<[string, ProbeAnswer['result'], RegExp]>([
    ['/ok', 'success', /^fine$/],
    ['/bad', 'failure', /^HTTP probe failed with statuscode: 503$/],
    ['/to-ok', 'success', /^fine$/],
    ['/to-bad', 'failure', /^HTTP probe failed with statuscode: 503$/],
    ['/to-elsewhere', 'warning', /^Probe terminated redirects, Response body: over there$/],
    ['/to-nowhere', 'warning', /^Probe terminated redirects, Response body: where\?$/],
    ['/in-circles', 'failure', /^Get "http:\/\/127\.0\.0\.1:\d+\/in-circles": stopped after 10 redirects$/],
    ['/cut', 'failure', /^Get "http:\/\/127\.0\.0\.1:\d+\/cut": /],
  ])('%s is a %s', async (path, result, output) => {
    expect(await get(path)).toEqual({ result, output: expect.stringMatching(output) });
    expect(seen.length).toBeLessThanOrEqual(10);
  });

  test('a server that does not answer in time', async () => {
    expect(await probe({ httpGet: { path: '/slow', port }, timeoutSeconds: 0.05 })).toEqual({
      result: 'failure',
      output: `Get "http://127.0.0.1:${port}/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  test('its headers go along, the name of the host only to that host’s own pages', async () => {
    const httpHeaders = [
      { name: 'Host', value: 'example.com' },
      { name: 'X-Probe', value: 'yes' },
    ];
    await get('/to-ok', { httpHeaders, port: 'web' });
    await get('/to-bad', { httpHeaders });
    expect(seen.map(({ url, headers }) => [url, headers['host'], headers['x-probe']])).toEqual([
      ['/to-ok', 'example.com', 'yes'],
      ['/ok', 'example.com', 'yes'],
      ['/to-bad', 'example.com', 'yes'],
      ['/bad?x=1', `127.0.0.1:${port}`, 'yes'],
    ]);
    expect(seen[0]?.headers['user-agent']).toMatch(/^kube-probe\/1\.\d+/);
  });
});

describe('tcp', () => {
  test('a port that listens, and one that does not', async () => {
    expect(await probe({ tcpSocket: { port } })).toEqual({ result: 'success', output: '' });
    expect(await probe({ tcpSocket: { port: 1 } })).toEqual({
      result: 'failure',
      output: 'dial tcp 127.0.0.1:1: connect: connection refused',
    });
  });
});

describe('exec', () => {
  const exec: Probe = { exec: { command: ['sh', '-c', 'echo "a"'] }, timeoutSeconds: 90 };
  const bytes = (text: string): Buffer => Buffer.from(text);

  test.each([
    [0, 'success'],
    [1, 'failure'],
  ])('a command that ends with %d is a %s, with what it wrote', async (exitCode, result) => {
    expect(await probe(exec, async () => ({ exitCode, stdout: bytes('out '), stderr: bytes('err') }))).toEqual({
      result,
      output: 'out err',
    });
  });

  test('one that takes too long fails, in one pair of quotes', async () => {
    const late = async (): Promise<never> => {
      throw new CriError('DEADLINE_EXCEEDED', 'context deadline exceeded');
    };
    expect(await probe(exec, late)).toEqual({
      result: 'failure',
      output: String.raw`command timed out: "sh -c echo \"a\"" timed out after 1m30s`,
    });
  });

  test('a runtime that cannot run it says nothing about the container', async () => {
    const broken = async (): Promise<never> => {
      throw new CriError('UNAVAILABLE', 'no connection');
    };
    expect(await probe(exec, broken)).toMatchObject({
      result: 'error',
      output: expect.stringContaining('no connection'),
    });
  });
});

test('a probe of no kind is an error', async () => {
  expect(await probe({})).toEqual({ result: 'error', output: 'missing probe handler for web:app' });
});
