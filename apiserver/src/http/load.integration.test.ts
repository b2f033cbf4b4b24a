/** Too many requests, slow ones, and clients that go away: each costs its own and nobody else's. */

import { connect as connectTcp } from 'node:net';
import { configMap } from '@kubelab/api/core/config-map';
import { eventually } from '@kubelab/testkit/eventually';
import type { AdmissionPlugin } from '../contracts.js';
import { openRawConnection, type RawConnection } from '../testing/raw-connection.js';
import { startTestApi, type TestApi } from '../testing/test-api.js';
import type { Answer } from '../testing/test-client.js';

const maps = '/api/v1/namespaces/default/configmaps';
const json = { 'Content-Type': 'application/json' };
const user = { Authorization: 'Bearer user-a' };

/** Keeps the creation of objects whose names begin with `held` waiting until they are released. */
class Gate implements AdmissionPlugin {
  readonly name = 'Gate';
  #open: () => void = () => undefined;
  #opened: Promise<void> = Promise.resolve();
  waiting = 0;

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  async admit({ name }: { name: string }): Promise<void> {
    if (!name.startsWith('held')) return;
    this.waiting++;
    await this.#opened;
    this.waiting--;
  }

  async holds(count: number): Promise<void> {
    await eventually(() => expect(this.waiting).toBe(count), { intervalMs: 5 });
  }
}

const gate = new Gate();
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({
    definitions: [configMap],
    admission: [gate],
    inFlight: { readOnly: 3, mutating: 2 },
    headersTimeoutMs: 500,
    watchQueueBytes: 4 * 1024 * 1024,
  });
  await api.client.post(maps, { metadata: { name: 'a' }, data: { x: '1' } });
});
afterAll(async () => {
  gate.open();
  await api?.close();
});

const open = (): Promise<RawConnection> => openRawConnection({ port: api.port, ca: api.certificates.ca });

const create = (name: string, headers = {}, query = ''): Promise<Answer> =>
  api.client.post(`${maps}${query}`, { metadata: { name } }, headers);

async function metric(pattern: RegExp): Promise<number> {
  const { text } = await api.client.get('/metrics');
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Nothing of a request may stay behind. */
async function nothingRuns(): Promise<void> {
  await eventually(
    async () => {
      expect(await metric(/^apiserver_longrunning_requests/)).toBe(0);
      expect(await metric(/^apiserver_current_inflight_requests\{request_kind="mutating"/)).toBe(0);
      expect(await metric(/^apiserver_watch_cache_watchers/)).toBe(0);
    },
    { timeoutMs: 10_000, what: 'the end of all requests' },
  );
}

describe('too many requests', () => {
  it('are told to come again, but not those of masters, and not reads for the sake of writes', async () => {
    gate.close();
    const held = [create('held-1', user), create('held-2', user)];
    await gate.holds(2);
    const refused = await create('third', user);
    expect([refused.code, refused.text]).toEqual([429, 'Too many requests, please try again later.\n']);
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'text/plain; charset=utf-8' });
    expect((await api.client.get(maps, user)).code).toBe(200);
    expect((await create('masters')).code).toBe(201);
    gate.open();
    expect((await Promise.all(held)).map(({ code }) => code)).toEqual([201, 201]);
    expect((await create('third', user)).code).toBe(201);
    expect(await metric(/^apiserver_request_terminations_total.*verb="POST".*code="429"/)).toBe(1);
  });

  it('watches are not counted among them', async () => {
    const watches = await Promise.all(Array.from({ length: 10 }, () => api.client.watch(`${maps}?watch=1`, user)));
    expect((await api.client.get(maps, user)).code).toBe(200);
    for (const watch of watches) watch.stop();
    await nothingRuns();
  });
});

describe('requests that take too long', () => {
  it('end with a 504, whatever becomes of them', async () => {
    gate.close();
    const { code, body, headers } = await create('held-long', {}, '?timeout=300ms');
    expect([code, headers.connection, body]).toEqual([
      504,
      'close',
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Timeout: request did not complete within the allotted timeout',
        reason: 'Timeout',
        code: 504,
      },
    ]);
    gate.open();
    await nothingRuns();
    expect(await metric(/^apiserver_request_terminations_total.*code="504"/)).toBe(1);
  });

  it('cannot ask for what is no time', async () => {
    const { code, body } = await api.client.get(`${maps}?timeout=soon`);
    expect([code, body.message]).toEqual([
      400,
      'invalid timeout specified in the request URL - time: invalid duration "soon"',
    ]);
  });

  it('may be watches, which have times of their own', async () => {
    const watch = await api.client.watch(`${maps}?watch=1&timeout=1ms&timeoutSeconds=1`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    await watch.ended;
  });

  it('because the client does not send its body', async () => {
    const connection = await open();
    connection.send(`POST ${maps}?timeout=300ms HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"meta`);
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 504 Gateway Timeout/);
  });

  it('because the client sends its body a byte at a time', async () => {
    const connection = await open();
    connection.send(`POST ${maps}?timeout=500ms HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
    const timer = setInterval(() => connection.send(' '), 20);
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 504 Gateway Timeout/);
    clearInterval(timer);
  });

  it('because the client does not read its answer', async () => {
    const data = { x: 'x'.repeat(900_000) };
    for (let index = 0; index < 30; index++) await api.client.post(maps, { metadata: { name: `big-${index}` }, data });
    const before = await metric(/^apiserver_request_terminations_total.*verb="LIST".*code="504"/);
    const connection = await open();
    connection.socket.pause();
    connection.send(`GET ${maps}?timeout=1s HTTP/1.1\r\nHost: x\r\n\r\n`);
    await eventually(async () =>
      expect(await metric(/^apiserver_request_terminations_total.*verb="LIST".*code="504"/)).toBe(before + 1),
    );
    connection.socket.resume();
    expect((await connection.ended).length).toBeLessThan(27_000_000);
    for (let index = 0; index < 30; index++) await api.client.delete(`${maps}/big-${index}`);
  });

  it('because the client does not finish its headers', async () => {
    const connection = await open();
    connection.send(`GET ${maps} HTTP/1.1\r\nHost: x\r\nX-Slow: `);
    expect(await connection.ended).toBe('');
  });

  it('because the client does not finish its handshake', async () => {
    const socket = connectTcp({ port: api.port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
  });
});

describe('clients that go away', () => {
  const phases: Record<string, (connection: RawConnection) => Promise<void> | void> = {
    'before they say anything': () => undefined,
    'in the middle of the headers': (connection) => connection.send(`GET ${maps} HTTP/1.1\r\nHo`),
    'in the middle of the body': (connection) =>
      connection.send(`POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{`),
    'in the middle of a chunk': (connection) =>
      connection.send(`POST ${maps} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{`),
    'while their request runs': async (connection) => {
      const before = gate.waiting;
      const body = JSON.stringify({ metadata: { name: 'held-gone' } });
      connection.send(
        `POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await gate.holds(before + 1);
    },
    'in the middle of an answer': async (connection) => {
      connection.send(`GET ${maps} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await connection.until(/HTTP\/1\.1 200/);
    },
    'in the middle of a watch': async (connection) => {
      connection.send(`GET ${maps}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
      await connection.until(/ADDED/);
    },
    'in the middle of a watch over a WebSocket': async (connection) => {
      connection.send(
        `GET ${maps}?watch=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      );
      await connection.until(/HTTP\/1\.1 101/);
    },
  };

  const ways: Record<string, (connection: RawConnection) => void> = {
    'with a goodbye': ({ socket }) => socket.end(),
    'without a word': ({ socket }) => socket.destroy(),
    'with a reset': (connection) => connection.reset(),
  };

  const cases = Object.keys(phases).flatMap((phase) => Object.keys(ways).map((way) => [phase, way] as const));

  it.each(cases)('%s, %s', async (phase, way) => {
    gate.close();
    for (let count = 0; count < 3; count++) {
      const connection = await open();
      await phases[phase]?.(connection);
      ways[way]?.(connection);
    }
    gate.open();
    await nothingRuns();
    expect((await api.client.get(`${maps}/a`)).code).toBe(200);
  });

  it('five hundred at once', async () => {
    const connections = await Promise.all(Array.from({ length: 500 }, open));
    for (const [index, connection] of connections.entries()) {
      connection.send(
        index % 2 === 0 ? `GET ${maps}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n` : 'GET /version HTTP/1.1\r\n',
      );
    }
    for (const connection of connections) connection.reset();
    await nothingRuns();
    expect((await api.client.get(`${maps}/a`)).code).toBe(200);
  }, 120_000);

  it('half: the other half does not stay', async () => {
    const connection = await open();
    connection.socket.end(`GET ${maps}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await connection.ended;
    await nothingRuns();
  });
});

describe('watches that nobody reads', () => {
  it('are ended without a word when they fall too far behind', async () => {
    const connection = await open();
    const path = `${maps}/busy`;
    await create('busy');
    connection.send(`GET ${maps}?watch=1&fieldSelector=metadata.name=busy HTTP/1.1\r\nHost: x\r\n\r\n`);
    await connection.until(/ADDED/);
    connection.socket.pause();
    const data = (count: number): object => ({ data: { x: `${count}`.padEnd(500_000, 'x') } });
    for (let count = 0; (await metric(/^apiserver_terminated_watchers_total/)) === 0; count++) {
      expect((await api.client.patch(path, 'merge', data(count))).code).toBe(200);
      expect(count).toBeLessThan(200);
    }
    expect(await metric(/^apiserver_watch_cache_watchers/)).toBe(0);
    connection.socket.resume();
    // The stream ends as every stream does: the client goes on from the last version it saw.
    expect(await connection.until(/\r\n0\r\n\r\n$/)).not.toContain('"type":"ERROR"');
    connection.close();
    await nothingRuns();
  }, 120_000);
});

describe('a server that stops', () => {
  it('ends watches, answers what runs, and takes nothing new', async () => {
    const own = new Gate();
    own.close();
    const stopping = await startTestApi({ definitions: [configMap], admission: [own] });
    const idle = await openRawConnection({ port: stopping.port, ca: stopping.certificates.ca });
    idle.send('GET /version HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.until(/gitVersion/);
    const watching = await openRawConnection({ port: stopping.port, ca: stopping.certificates.ca });
    watching.send(`GET ${maps}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await watching.until(/HTTP\/1\.1 200/);
    const running = stopping.client.request('POST', maps, { body: { metadata: { name: 'held' } }, headers: json });
    await own.holds(1);
    const closed = stopping.close({ graceMs: 30_000 });
    expect(await watching.ended).toMatch(/0\r\n\r\n$/);
    await idle.ended;
    await expect(openRawConnection({ port: stopping.port, ca: stopping.certificates.ca })).rejects.toThrow(
      'ECONNREFUSED',
    );
    own.open();
    expect((await running).code).toBe(201);
    await closed;
  });
});
