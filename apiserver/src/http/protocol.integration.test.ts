/** What clients may say in HTTP, and what they may not. */

import { configMap } from '@kubelab/api/core/config-map';
import { openRawConnection, type RawConnection } from '../testing/raw-connection.js';
import { startTestApi, type TestApi } from '../testing/test-api.js';

let api: TestApi;
const maps = '/api/v1/namespaces/default/configmaps';
const json = JSON.stringify({ metadata: { generateName: 'raw-' } });

beforeAll(async () => {
  api = await startTestApi({ definitions: [configMap] });
  await api.client.post(maps, { metadata: { name: 'a' }, data: { x: '1' } });
});
afterAll(() => api?.close());

const open = (): Promise<RawConnection> => openRawConnection({ port: api.port, ca: api.certificates.ca });

async function answerTo(text: string | Buffer): Promise<string> {
  const connection = await open();
  connection.send(text);
  return connection.ended;
}

const head = (method: string, path: string, ...headers: string[]): string =>
  `${[`${method} ${path} HTTP/1.1`, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;

describe('methods', () => {
  it.each(['OPTIONS', 'TRACE', 'PROPFIND'])('%s of a resource is not allowed', async (method) => {
    const { code, body } = await api.client.request(method, `${maps}/a`);
    expect(body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'the server does not allow this method on the requested resource',
      reason: 'MethodNotAllowed',
      details: {},
      code: 405,
    });
    expect(code).toBe(405);
  });

  it('HEAD of a resource is not allowed, of other paths it is', async () => {
    expect(await api.client.request('HEAD', `${maps}/a`)).toMatchObject({ code: 405, text: '' });
    expect(await api.client.request('HEAD', maps)).toMatchObject({ code: 405, text: '' });
    expect(await api.client.request('HEAD', '/healthz')).toMatchObject({ code: 200, text: '' });
  });

  it('a method that HTTP does not know ends the connection', async () => {
    expect(await answerTo(head('BREW', '/version'))).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });
});

describe('HTTP/1.0', () => {
  it('gets whole answers without chunks', async () => {
    const answer = await answerTo(`GET ${maps}/a HTTP/1.0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).not.toMatch(/chunked/i);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ metadata: { name: 'a' } });
  });

  it('gets watches as plain lines', async () => {
    const answer = await answerTo(`GET ${maps}?watch=1&timeoutSeconds=1 HTTP/1.0\r\n\r\n`);
    expect(answer).not.toMatch(/chunked/i);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ type: 'ADDED' });
  });
});

describe('pipelines', () => {
  it('are answered in order', async () => {
    const get = (path: string): string => head('GET', path);
    const post = `${head('POST', maps, 'Content-Type: application/json', `Content-Length: ${json.length}`)}${json}`;
    const last = head('GET', `${maps}/nobody`, 'Connection: close');
    const answer = await answerTo(`${get(`${maps}/a`)}${post}${get('/version')}${last}`);
    const codes = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    expect(codes).toEqual(['200', '201', '200', '404']);
  });

  it('wait for a watch to end', async () => {
    const watch = head('GET', `${maps}?watch=1&resourceVersion=0&timeoutSeconds=1`);
    const answer = await answerTo(`${watch}${head('GET', '/version', 'Connection: close')}`);
    expect(answer).toMatch(/"type":"ADDED"[\s\S]*HTTP\/1\.1 200 OK[\s\S]*gitVersion/);
  });

  it('of a thousand requests on one connection are answered', async () => {
    const answer = await answerTo(
      `${head('GET', `${maps}/a`).repeat(1_000)}${head('GET', '/version', 'Connection: close')}`,
    );
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1_001);
  });
});

describe('Expect', () => {
  it('100-continue is answered when the body is wanted', async () => {
    const connection = await open();
    const length = `Content-Length: ${json.length}`;
    connection.send(head('POST', maps, 'Expect: 100-continue', 'Content-Type: application/json', length));
    await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    connection.send(json);
    await connection.until(/HTTP\/1\.1 201 Created/);
    connection.close();
  });

  it.each([
    ['Authorization: Bearer wrong', 401],
    ['Content-Type: text/html', 415],
    [`X-Length: 1\r\nContent-Length: ${4 * 1024 * 1024}`, 413],
  ])('100-continue is not said to %j', async (header, code) => {
    const length = header.includes('Content-Length') ? [] : [`Content-Length: ${json.length}`];
    const answer = await answerTo(head('POST', maps, 'Expect: 100-continue', header, ...length));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
  });

  it('anything else cannot be met', async () => {
    const connection = await open();
    connection.send(head('POST', maps, 'Expect: a-miracle', 'Content-Length: 0'));
    await connection.until(/^HTTP\/1\.1 417 Expectation Failed/);
    connection.close();
  });
});

describe('framing', () => {
  const chunked = (body: string): string =>
    `${head('POST', maps, 'Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close')}${body}`;
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

  it('takes chunks of any size, extensions and trailers', async () => {
    const bytes = [...json].map(chunk).join('');
    expect(await answerTo(chunked(`${bytes}0\r\n\r\n`))).toMatch(/^HTTP\/1\.1 201/);
    const extended = `${json.length.toString(16)};name=value\r\n${json}\r\n0\r\nX-Trailer: 1\r\n\r\n`;
    expect(await answerTo(chunked(extended))).toMatch(/^HTTP\/1\.1 201/);
  });

  it.each([
    ['no number', 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a negative number', '-1\r\n{}\r\n0\r\n\r\n'],
    ['a number that is too large', `${'f'.repeat(20)}\r\n{}\r\n0\r\n\r\n`],
    ['no end', '2\r\n{}xx0\r\n\r\n'],
  ])('refuses a chunk with %s', async (_name, body) => {
    expect(await answerTo(chunked(body))).toMatch(/^HTTP\/1\.1 400 Bad Request/);
  });

  it.each([
    ['both lengths and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
    ['chunks and both lengths', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
    ['two different lengths', ['Content-Length: 4', 'Content-Length: 5']],
    ['a list of lengths', ['Content-Length: 4, 5']],
    ['a negative length', ['Content-Length: -1']],
    ['a signed length', ['Content-Length: +4']],
    ['a length in hex', ['Content-Length: 0x4']],
    ['a length beyond all integers', [`Content-Length: ${'9'.repeat(30)}`]],
    ['chunks that are not last', ['Transfer-Encoding: chunked, gzip']],
    ['a header that is folded', ['Content-Length: 2', 'X: a', ' Transfer-Encoding: chunked']],
    ['a space before the colon', ['Content-Length : 4']],
    ['a bare carriage return', ['X: a\rContent-Length: 4']],
  ])('refuses %s: no request may hide in another', async (_name, headers) => {
    const hidden = head('GET', '/version');
    const text = `${head('POST', maps, 'Content-Type: application/json', ...headers)}0\r\n\r\n${hidden}`;
    const answer = await answerTo(text);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|501) /);
    expect(answer).not.toContain('gitVersion');
  });

  it('refuses a request without a host', async () => {
    expect(await answerTo('GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request/);
  });
});

describe('sizes', () => {
  it('takes a path and headers of hundreds of kilobytes', async () => {
    const long = 'x'.repeat(400_000);
    expect((await api.client.get(`${maps}?labelSelector=a&ignored=${long}`)).code).toBe(200);
    expect((await api.client.get(`${maps}/${long}`)).code).toBe(404);
    expect((await api.client.get(maps, { 'X-Long': long })).code).toBe(200);
  });

  it.each(['path', 'header'])('refuses more than a megabyte of %s', async (where) => {
    const long = 'x'.repeat(1_100_000);
    const connection = await open();
    connection.send(where === 'path' ? head('GET', `/${long}`) : head('GET', '/version', `X: ${long}`));
    expect(await connection.ended).toMatch(
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\nContent-Type: text\/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request/,
    );
  });
});

describe('paths', () => {
  it.each([
    [`${maps}/a%2fb`, 404],
    [`${maps}/%2e%2e`, 400],
    [`${maps}/..`, 400],
    [`${maps}/.`, 400],
    [`${maps}/a%25b`, 400],
    [`${maps}/a%00b`, 404],
    [`${maps}/%ff`, 400],
    [`${maps}/%`, 400],
    [`${maps}/%zz`, 400],
    [`//${maps}/a`, 200],
    [`${maps}//a`, 404],
    [`${maps}/a/`, 200],
    ['/api/v1/namespaces/../configmaps', 200],
    ['/api/v1/namespaces/%00/configmaps', 200],
    ['/apis/../../etc/passwd', 404],
    ['/api/v1/namespaces/default/constructor', 404],
    ['/api/v1/namespaces/default/__proto__/toString', 404],
    [`${maps}/a/__proto__`, 404],
    [`${maps}/__proto__`, 404],
    [`/${'/'.repeat(300_000)}x`, 404],
  ])('%.80s', async (path, code) => {
    const connection = await open();
    connection.send(head('GET', path, 'Connection: close'));
    const answer = await connection.ended;
    expect([path.slice(0, 80), answer.slice(9, 12)]).toEqual([path.slice(0, 80), String(code)]);
    expect(answer).toContain('Content-Type: application/json');
  });

  it.each([
    ['..', `may not be '..'`],
    ['.', `may not be '.'`],
    ['a%25b', `may not contain '%'`],
  ])('tells why no object is named %s', async (name, why) => {
    const shown = decodeURIComponent(name);
    const connection = await open();
    connection.send(head('DELETE', `${maps}/${name}`, 'Connection: close'));
    expect(await connection.ended).toContain(JSON.stringify(`Name parameter invalid: "${shown}": ${why}`).slice(1, -1));
  });

  it('takes every byte in headers that stand for something', async () => {
    const connection = await open();
    const bytes = Buffer.concat([
      Buffer.from(`GET ${maps}/a HTTP/1.1\r\nHost: x\r\nUser-Agent: `),
      Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80]),
      Buffer.from('\r\nAudit-Id: \xff\xfe\r\nAccept: \xe9\r\nConnection: close\r\n\r\n', 'latin1'),
    ]);
    connection.send(bytes);
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 (200|406) /);
  });
});
