/** Every kind of probe against a real server, on a real node: what passes is ready, and what fails says why in upstream's words. */

import { eventually } from '@kubelab/testkit/eventually';
import { kubectl } from './kubectl.js';
import { makeNamespace } from './lab.js';

/** A gRPC answer: not compressed, two bytes, status 1 (SERVING) or 2. */
const answerOf = (status: number): string => `printf '\\000\\000\\000\\000\\002\\010\\00${status}'`;
const grpcServer = (port: number, root: string): string =>
  `server { listen ${port} http2; root ${root}; default_type application/grpc; error_page 405 =200 $uri; add_trailer grpc-status 0; }`;
const webServer = 'server { listen 8080; location /ok { return 200; } location /away { return 302 /ok; } }';
const config = `events {} http { ${webServer} ${grpcServer(9091, '/tmp/1')} ${grpcServer(9092, '/tmp/2')} }`;
const script = [
  'd=grpc.health.v1.Health; mkdir -p /tmp/1/$d /tmp/2/$d',
  `${answerOf(1)} > /tmp/1/$d/Check; ${answerOf(2)} > /tmp/2/$d/Check`,
  `echo '${config}' > /tmp/nginx.conf; exec nginx -c /tmp/nginx.conf -g 'daemon off;'`,
].join('; ');

const http = (path: string): object => ({ httpGet: { path, port: 8080 } });
const good: Record<string, object> = {
  exec: { exec: { command: ['test', '-e', '/tmp/nginx.conf'] } },
  http: http('/ok'),
  'http-redirected': http('/away'),
  tcp: { tcpSocket: { port: 8080 } },
  grpc: { grpc: { port: 9091, service: 'any' } },
};
const bad: Record<string, { probe: object; says: RegExp }> = {
  'exec-fails': {
    probe: { exec: { command: ['sh', '-c', 'echo went wrong; exit 3'] } },
    says: /Readiness probe failed: went wrong/,
  },
  'exec-hangs': {
    probe: { exec: { command: ['sleep', '30'] } },
    says: /Readiness probe failed: command timed out: "sleep 30" timed out after 1s/,
  },
  'http-404': { probe: http('/nosuch'), says: /Readiness probe failed: HTTP probe failed with statuscode: 404/ },
  'http-refused': {
    probe: { httpGet: { path: '/x', port: 1 } },
    says: /Readiness probe failed: Get "http:\/\/[\d.]+:1\/x": dial tcp [\d.]+:1: connect: connection refused/,
  },
  'tcp-refused': {
    probe: { tcpSocket: { port: 1 } },
    says: /Readiness probe failed: dial tcp [\d.]+:1: connect: connection refused/,
  },
  'grpc-not-serving': {
    probe: { grpc: { port: 9092 } },
    says: /Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)/,
  },
  'grpc-refused': {
    probe: { grpc: { port: 1 } },
    says: /Readiness probe failed: timeout: failed to connect service "[\d.]+:1" within 1s/,
  },
};

let space: Awaited<ReturnType<typeof makeNamespace>>;

function podOf(name: string, probes: object): object {
  const container = { name: 'app', image: 'nginx', command: ['sh', '-c', script], ...probes };
  const spec = { terminationGracePeriodSeconds: 1, containers: [container] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

beforeAll(async () => {
  space = await makeNamespace('probes');
  const every = { periodSeconds: 1 };
  const items = [
    ...Object.entries(good).map(([name, probe]) => {
      const all = { ...probe, ...every };
      return podOf(name, { startupProbe: { ...all, failureThreshold: 60 }, readinessProbe: all, livenessProbe: all });
    }),
    ...Object.entries(bad).map(([name, { probe }]) => podOf(name, { readinessProbe: { ...probe, ...every } })),
    podOf('restarted', { livenessProbe: { grpc: { port: 9092 }, ...every, failureThreshold: 2 } }),
  ];
  const list = { apiVersion: 'v1', kind: 'List', items };
  await kubectl.run(['-n', space.name, 'create', '-f', '-'], { input: JSON.stringify(list) });
});
afterAll(() => space.remove());

test.each(Object.keys(good))('%s', async (name) => {
  await kubectl.run(['-n', space.name, 'wait', 'pod', name, '--for=condition=Ready', '--timeout=90s'], {
    timeoutMs: 100_000,
  });
  const count = 'jsonpath={.status.containerStatuses[0].restartCount}';
  expect(await kubectl.run(['-n', space.name, 'get', 'pod', name, '-o', count])).toBe('0');
});

const untilSays = (name: string, texts: RegExp[]): Promise<unknown> =>
  eventually(
    async () => {
      const description = await kubectl.run(['-n', space.name, 'describe', 'pod', name]);
      for (const text of texts) expect(description).toMatch(text);
    },
    { what: `what is wrong with ${name}`, timeoutMs: 90_000, intervalMs: 500 },
  );

test.each(Object.entries(bad))('%s', async (name, { says }) => {
  await untilSays(name, [says, /Warning\s+Unhealthy\s/, /Ready:\s+False\n\s+Restart Count:\s+0/]);
});

test('a container whose liveness probe fails is restarted', async () => {
  await untilSays('restarted', [
    /Liveness probe failed: service unhealthy \(responded with "NOT_SERVING"\)/,
    /Normal\s+Killing\s.*Container app failed liveness probe, will be restarted/,
    /Restart Count:\s+[1-9]/,
  ]);
});
