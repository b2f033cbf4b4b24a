import { request as httpRequest } from 'node:http';
import { WebSocket } from 'ws';
import { issueCertificate } from '../authentication/test-certificates.js';
import { type Answer, ask, frontPort, messageOf, serve, setUp, stage, useStage } from './testing/stage.js';

useStage();

describe('pods/log', () => {
  const get = async (query = '', streaming = setUp()): Promise<Answer> => {
    const url = `/api/v1/namespaces/default/pods/web/log${query}`;
    serve(streaming, 'pods/log', url);
    return ask(url).finally(() => streaming.close());
  };

  test('passes all options on, with the server’s own certificate', async () => {
    stage.onRequest = (_request, response) => void response.end('line\n');
    const client = await issueCertificate({ subject: 'CN=kube-apiserver-kubelet-client', issuer: stage.ca });
    const streaming = setUp({ credentials: { ca: stage.ca.cert, cert: client.cert, key: client.key } });
    const answer = await get(
      '?follow=true&previous=1&timestamps=true&tailLines=5&limitBytes=10&sinceSeconds=3&pretty=true',
      streaming,
    );
    expect(answer.body.toString()).toBe('line\n');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(stage.seen[0]).toMatchObject({
      url: '/containerLogs/default/web/a?follow=true&previous=true&timestamps=true&tailLines=5&limitBytes=10&sinceSeconds=3',
      client: 'kube-apiserver-kubelet-client',
    });
  });

  test('streams as lines come, and ends the kubelet’s side when the client goes', async () => {
    let gone: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      gone = resolve;
    });
    stage.onRequest = (_request, response) => {
      response.write('first\n');
      response.on('close', gone);
    };
    const url = '/api/v1/namespaces/default/pods/web/log?follow=true';
    const streaming = setUp();
    serve(streaming, 'pods/log', url);
    const first = await new Promise<string>((resolve, reject) => {
      const port = frontPort();
      const outgoing = httpRequest({ port, host: '127.0.0.1', path: url, agent: false }, (response) => {
        response.once('data', (chunk: Buffer) => {
          resolve(chunk.toString());
          outgoing.destroy();
        });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(first).toBe('first\n');
    await ended;
    streaming.close();
  });

  test.each<[number, number, string]>([
    [400, 400, 'container "a" in pod "web" is waiting to start: ContainerCreating'],
    [500, 500, 'Internal error occurred: container "a" in pod "web" is waiting to start: ContainerCreating'],
    [404, 404, 'the server could not find the requested resource (pods/log web)'],
  ])('a kubelet’s %i is told as a Status', async (given, status, message) => {
    stage.onRequest = (_request, response) =>
      void response.writeHead(given).end('container "a" in pod "web" is waiting to start: ContainerCreating\n');
    const answer = await get();
    expect([answer.status, messageOf(answer)]).toEqual([status, message]);
  });

  /** What a WebSocket client of these sub-protocols receives until the connection is closed. */
  const receive = async (protocols: string[]): Promise<(string | Buffer)[]> => {
    const url = '/api/v1/namespaces/default/pods/web/log?container=a';
    const streaming = setUp();
    serve(streaming, 'pods/log', url);
    const client = new WebSocket(`ws://127.0.0.1:${frontPort()}${url}`, protocols);
    const messages: (string | Buffer)[] = [];
    client.on('message', (data, isBinary) => void messages.push(isBinary ? (data as Buffer) : data.toString()));
    try {
      await new Promise((resolve, reject) => client.once('close', resolve).once('error', reject));
    } finally {
      streaming.close();
    }
    return messages;
  };

  test.each<[string[], (string | Buffer)[]]>([
    [[], [Buffer.alloc(0), Buffer.from('line\n')]],
    [['binary.k8s.io'], [Buffer.alloc(0), Buffer.from('line\n')]],
    [
      ['other', 'base64.binary.k8s.io'],
      ['', 'bGluZQo='],
    ],
  ])('goes through a WebSocket with the sub-protocols %j', async (protocols, expected) => {
    stage.onRequest = (_request, response) => void response.end('line\n');
    expect(await receive(protocols)).toEqual(expected);
    expect(stage.seen[0]?.url).toBe('/containerLogs/default/web/a');
  });

  test('a WebSocket is refused where the log is, or when it speaks something else', async () => {
    stage.onRequest = (_request, response) => void response.writeHead(400).end('no log\n');
    await expect(receive([])).rejects.toThrow('400');
    await expect(receive(['other'])).rejects.toThrow('400');
  });

  test('a pod without a node has written nothing', async () => {
    expect((await get('', setUp({ pod: { nodeName: '' } }))).status).toBe(204);
  });

  test.each<[string, object, string]>([
    [
      '',
      { containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] },
      'a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]',
    ],
    ['?container=x', {}, 'container x is not valid for pod web'],
  ])('containers are named (%s)', async (query, pod, message) => {
    const answer = await get(query, setUp({ pod }));
    expect([answer.status, messageOf(answer)]).toEqual([400, message]);
  });

  test.each([
    ['?tailLines=-1', 422, 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['?limitBytes=0', 422, 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['?tailLines=many', 400, 'invalid syntax'],
    ['?sinceTime=yesterday', 400, 'cannot parse'],
    [
      '?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
      422,
      'at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
  ])('%s is refused', async (query, status, message) => {
    const answer = await get(query);
    expect(answer.status).toBe(status);
    expect(messageOf(answer)).toContain(message);
  });

  test('a kubelet that is away, or not who it should be, is 500', async () => {
    const away = await get('', setUp({ port: 1 }));
    expect(away.status).toBe(500);
    expect(messageOf(away)).toContain('dial tcp 127.0.0.1:1: connect: connection refused');
    const other = await issueCertificate({ subject: 'CN=other', ca: true });
    const stranger = await get('', setUp({ credentials: { ca: other.cert } }));
    expect(stranger.status).toBe(500);
    expect(stage.seen).toEqual([]);
  });

  test('an unknown pod is 404', async () => {
    const streaming = setUp();
    serve(streaming, 'pods/log', '/x', 'gone');
    expect(messageOf(await ask('/x'))).toBe('pods "gone" not found');
    streaming.close();
  });
});
