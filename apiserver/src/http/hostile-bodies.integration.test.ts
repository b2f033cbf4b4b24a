/** Bodies that are too large, too deep, cut off, of the wrong type, or made to grow. */

import { deployment } from '@kubelab/api/apps/deployment';
import { configMap } from '@kubelab/api/core/config-map';
import { pod } from '@kubelab/api/core/pod';
import { secret } from '@kubelab/api/core/secret';
import { openRawConnection } from '../testing/raw-connection.js';
import { startTestApi, type TestApi } from '../testing/test-api.js';
import type { Answer } from '../testing/test-client.js';

let api: TestApi;
const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const yaml = { 'Content-Type': 'application/yaml' };

beforeAll(async () => {
  api = await startTestApi({ definitions: [configMap, pod, secret, deployment] });
  await api.client.post(maps, { metadata: { name: 'a' }, data: { x: '1' } });
  await api.client.post(pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
});
afterAll(() => api?.close());
afterEach(async () => {
  expect((await api.client.get(`${maps}/a`)).code).toBe(200);
});

const patchTypes = ['json', 'merge', 'strategic', 'apply'] as const;

function patch(type: (typeof patchTypes)[number], body: unknown, path = `${maps}/a`): Promise<Answer> {
  return api.client.patch(`${path}?fieldManager=m`, type, body);
}

const messageOf = ({ code, body, text }: Answer): [number, string] => [code, body?.message ?? text.slice(0, 300)];

describe('too large', () => {
  const limit = 3 * 1024 * 1024;
  const refusal = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Request entity is too large: limit is ${limit}`,
    reason: 'RequestEntityTooLarge',
    code: 413,
  };

  it.each([
    ['POST', maps, 'application/json'],
    ['PUT', `${maps}/a`, 'application/yaml'],
    ['DELETE', `${maps}/a`, 'application/json'],
    ['PATCH', `${maps}/a`, 'application/merge-patch+json'],
    ['PATCH', `${maps}/a`, 'application/apply-patch+yaml'],
  ])('%s %s of %s', async (method, path, type) => {
    const headers = { 'Content-Type': type };
    for (const size of [limit + 1, 40 * 1024 * 1024]) {
      const body = Buffer.alloc(size, ' ');
      const answer = await api.client.request(method, `${path}?fieldManager=m`, { body, headers });
      expect(answer.body).toEqual(refusal);
    }
    const connection = await openRawConnection({ port: api.port, ca: api.certificates.ca });
    connection.send(
      `${method} ${path}?fieldManager=m HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`;
    for (let count = 0; count < 4; count++) connection.send(chunk);
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 413 Payload Too Large[\s\S]*limit is 3145728/);
  });

  it('the limit itself is not', async () => {
    const text = '{"metadata":{"name":"padded"}}';
    expect((await api.client.post(maps, text + ' '.repeat(limit - text.length))).code).toBe(201);
  });

  it('for etcd, but not for the server', async () => {
    const data = { x: 'x'.repeat(2 * 1024 * 1024) };
    const answer = await api.client.post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'big', annotations: {} },
      spec: { containers: [{ name: 'c', image: 'i', env: [{ name: 'X', value: data.x }] }] },
    });
    expect(messageOf(answer)).toEqual([500, expect.stringMatching(/larger than max|request is too large/)]);
  });
});

describe('too deep', () => {
  const nested = (open: string, close: string, levels = 10_000): string => open.repeat(levels) + close.repeat(levels);
  const texts = {
    arrays: `{"metadata":{"name":"deep"},"data":${nested('[', ']')}}`,
    objects: `{"metadata":{"name":"deep"},"data":${nested('{"a":', '}').replace('}', '1}')}}`,
    unclosed: '{"a":'.repeat(100_000),
  };

  it.each(Object.entries(texts))('%s in JSON', async (_name, text) => {
    expect(messageOf(await api.client.post(maps, text))).toEqual([400, expect.stringMatching(/exceeded max depth/)]);
    for (const type of patchTypes) {
      expect(messageOf(await patch(type, text))).toEqual([400, expect.stringMatching(/exceeded max depth/)]);
    }
  });

  it.each([
    ['flow', `data: ${nested('[', ']')}`],
    ['block', Array.from({ length: 1_500 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
    ['explicit keys', '? '.repeat(10_000)],
    ['sequences', '- '.repeat(10_000)],
  ])('%s in YAML', async (_name, text) => {
    expect(messageOf(await api.client.post(maps, text, yaml))).toEqual([400, expect.any(String)]);
    expect(messageOf(await patch('apply', text))).toEqual([400, expect.any(String)]);
  });

  it('levels that are allowed, for a kind that has none of them', async () => {
    const text = `{"metadata":{"name":"deep"},"data":{"a":${nested('[', ']', 900)}}}`;
    expect((await api.client.post(maps, text)).code).toBe(400);
    for (const type of patchTypes) expect((await patch(type, text)).code).toBeLessThan(500);
  });
});

describe('not whole', () => {
  it.each([
    ['{"metadata":{"name":"x"', 'unexpected end of JSON input'],
    ['{"metadata":{"name":"x"}} {}', "invalid character '{' after top-level value"],
    ['{"metadata":{"name":"x}', 'unexpected end of JSON input'],
    ['{"a":NaN}', "invalid character 'N' looking for beginning of value"],
    ['{"a":Infinity}', "invalid character 'I' looking for beginning of value"],
    ['{"a":-}', "invalid character '}' in numeric literal"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['{"a":1e999}', 'value out of range'],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a":"\t"}', "invalid character '\\t' in string literal"],
    ['\ufeff{}', 'invalid character'],
  ])('%j', async (text, why) => {
    expect(messageOf(await api.client.post(maps, text))).toEqual([400, expect.stringContaining(why)]);
    for (const type of ['json', 'merge', 'strategic'] as const) {
      expect(messageOf(await patch(type, text))).toEqual([400, expect.stringContaining(why)]);
    }
  });

  it('a body that the client does not finish', async () => {
    for (let count = 0; count < 20; count++) {
      const connection = await openRawConnection({ port: api.port, ca: api.certificates.ca });
      connection.send(`POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"metadata"`);
      await connection.until(/^$/);
      if (count % 2 === 0) connection.socket.end();
      else connection.socket.destroy();
      await connection.ended;
    }
  });
});

describe('of the wrong type', () => {
  it.each([
    ['text/plain', maps, 'POST'],
    ['application/xml', maps, 'POST'],
    ['application/json-patch+json', maps, 'POST'],
    ['application', `${maps}/a`, 'PUT'],
    ['constructor', `${maps}/a`, 'PUT'],
  ])('%s for an object', async (type, path, method) => {
    const answer = await api.client.request(method, path, { body: '{}', headers: { 'Content-Type': type } });
    expect(messageOf(answer)).toEqual([
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ]);
  });

  it.each(['application/json', 'text/plain', 'application/merge-patch', '__proto__'])(
    '%s for a patch',
    async (type) => {
      const answer = await api.client.request('PATCH', `${maps}/a`, { body: '{}', headers: { 'Content-Type': type } });
      expect(messageOf(answer)).toEqual([
        415,
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
      ]);
    },
  );

  it.each(['text/html', 'application/json;as=Nothing;g=meta.k8s.io;v=v1', 'image/*', 'application/cbor'])(
    'an answer in %s',
    async (accept) => {
      const answer = await api.client.get(`${maps}/a`, { Accept: accept });
      expect(messageOf(answer)).toEqual([
        406,
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
      ]);
    },
  );

  it('JSON in the place of YAML is YAML, but not the other way round', async () => {
    expect((await api.client.post(maps, '{"metadata":{"generateName":"y-"}}', yaml)).code).toBe(201);
    expect((await api.client.post(maps, 'metadata:\n  generateName: y-')).code).toBe(400);
  });

  it.each([
    ['an object', '{"metadata":{"name":"x"},"data":{"a":{}}}'],
    ['a list', '{"metadata":{"name":"x"},"data":[]}'],
    ['a number', '{"metadata":{"name":"x"},"data":{"a":1e308}}'],
    ['metadata', '{"metadata":"x"}'],
  ])('%s where there should be text', async (_name, text) => {
    expect(messageOf(await api.client.post(maps, text))).toEqual([
      400,
      expect.stringMatching(/^ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal /),
    ]);
  });
});

describe('fields with names of their own', () => {
  it.each(['constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])('%s is only a name', async (name) => {
    const body = {
      metadata: { name: `n-${name.toLowerCase()}`, labels: { [name]: 'x' }, annotations: { [name]: 'x' } },
    };
    const { code, body: created } = await api.client.post(maps, { ...body, data: { [name]: 'x' } });
    expect([code, created.data, created.metadata.labels]).toEqual([201, { [name]: 'x' }, { [name]: 'x' }]);
    const path = `${maps}/${body.metadata.name}`;
    const merged = await patch('strategic', { data: { [name]: 'y' }, metadata: { labels: { [name]: null } } }, path);
    expect([merged.body.data, merged.body.metadata.labels]).toEqual([{ [name]: 'y' }, undefined]);
    const selected = await api.client.get(`${maps}?labelSelector=${name}`);
    expect(selected.body.items).toEqual([]);
    const applied = await patch('apply', { apiVersion: 'v1', kind: 'ConfigMap', data: { [`${name}2`]: 'z' } }, path);
    expect([applied.code, applied.body.data]).toEqual([200, { [name]: 'y', [`${name}2`]: 'z' }]);
    const unknown = await api.client.post(`${maps}?fieldValidation=Strict`, `{"metadata":{"name":"x"},"${name}":{}}`);
    expect(messageOf(unknown)).toEqual([
      400,
      expect.stringContaining(`strict decoding error: unknown field "${name}"`),
    ]);
  });

  it('__proto__ is refused wherever it stands', async () => {
    const evil = '{"metadata":{"name":"evil"},"data":{"__proto__":"x"}}';
    expect(messageOf(await api.client.post(maps, evil))).toEqual([400, expect.stringContaining('"__proto__"')]);
    const escaped = evil.replace('__proto__', '__pro\\u0074o__');
    expect(messageOf(await api.client.post(maps, escaped))).toEqual([400, expect.stringContaining('"__proto__"')]);
    for (const type of ['merge', 'strategic', 'apply'] as const) {
      expect(messageOf(await patch(type, evil))).toEqual([400, expect.stringContaining('"__proto__"')]);
    }
    await patch('json', [{ op: 'add', path: '/data/__proto__', value: 'x' }]);
    await patch('json', [{ op: 'add', path: '/__proto__/polluted', value: 'x' }]);
    await patch('json', [{ op: 'copy', from: '/constructor/prototype', path: '/data/y' }]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });
});

describe('fields that are there twice', () => {
  const twice = '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"},"data":{"b":"3"}}';
  const strict = 'strict decoding error: duplicate field "data.a", duplicate field "data"';

  it('are an error when the client is strict', async () => {
    expect(messageOf(await api.client.post(`${maps}?fieldValidation=Strict`, twice))).toEqual([
      400,
      `ConfigMap in version "v1" cannot be handled as a ConfigMap: ${strict}`,
    ]);
  });

  it('are warned of when it is not, and not when it does not care', async () => {
    const { code, headers } = await api.client.post(`${maps}?fieldValidation=Warn`, twice);
    expect([code, headers.warning]).toEqual([
      201,
      '299 - "duplicate field \\"data.a\\"", 299 - "duplicate field \\"data\\""',
    ]);
    const ignored = await api.client.put(`${maps}/twice?fieldValidation=Ignore`, twice);
    expect([ignored.code, ignored.headers.warning]).toEqual([200, undefined]);
  });

  it('in YAML, too', async () => {
    const text = 'metadata:\n  name: twice-yaml\ndata:\n  a: "1"\n  a: "2"\n';
    const why = 'yaml: unmarshal errors:\n  line 5: key "a" already set in map';
    expect(messageOf(await api.client.post(`${maps}?fieldValidation=Strict`, text, yaml))).toEqual([
      400,
      `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${why}`,
    ]);
    const { code, body, headers } = await api.client.post(maps, text, yaml);
    expect([code, body.data]).toEqual([201, { a: '2' }]);
    expect(headers.warning).toContain('already set in map');
  });

  it('in patches', async () => {
    const double = '{"data":{"a":"1","a":"2"}}';
    for (const type of ['merge', 'strategic'] as const) {
      const refused = await api.client.patch(`${maps}/a?fieldValidation=Strict`, type, double);
      expect(messageOf(refused)).toEqual([422, expect.stringContaining('duplicate field "data.a"')]);
    }
    const applied = await api.client.patch(
      `${maps}/a?fieldValidation=Strict&fieldManager=m`,
      'apply',
      `{"apiVersion":"v1","kind":"ConfigMap",${double.slice(1)}`,
    );
    expect(messageOf(applied)).toEqual([400, expect.stringContaining('duplicate field "data.a"')]);
    const manifest = 'apiVersion: v1\nkind: ConfigMap\ndata: {a: "1", a: "2"}';
    const inYaml = await api.client.patch(`${maps}/a?fieldValidation=Strict&fieldManager=m`, 'apply', manifest);
    expect(messageOf(inYaml)).toEqual([400, expect.stringContaining('key "a" already set in map')]);
  });
});

describe('text that is none', () => {
  it('becomes replacement characters, as in Go', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"metadata":{"name":"utf8"},"data":{"a":"'),
      Buffer.from([0xff, 0xc3, 0x28]),
      Buffer.from('","b":"\\ud800"}}'),
    ]);
    const { code, body } = await api.client.post(maps, bytes);
    expect([code, body.data.a]).toEqual([201, '\ufffd\ufffd(']);
    expect((await api.client.get(`${maps}/utf8`)).code).toBe(200);
    expect((await api.client.get(`${maps}/utf8`, { Accept: 'application/vnd.kubernetes.protobuf' })).code).toBe(200);
    expect((await api.client.get(`${maps}/utf8`, { Accept: 'application/yaml' })).code).toBe(200);
  });

  it.each([Buffer.from([0xff, 0xfe, 0x7b]), Buffer.from([0, 0, 0, 0]), Buffer.alloc(100_000, 0xc0)])(
    'is refused in YAML: %#',
    async (bytes) => {
      expect((await api.client.post(maps, bytes, yaml)).code).toBe(400);
      expect((await patch('apply', bytes)).code).toBe(400);
    },
  );
});

describe('many small things', () => {
  it('tens of thousands of labels', async () => {
    const labels = Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`k${index}`, '']));
    const path = `${maps}/many`;
    expect((await api.client.post(maps, { metadata: { name: 'many', labels } })).code).toBe(201);
    expect((await api.client.get(`${maps}?labelSelector=k39999`)).body.items).toHaveLength(1);
    const shown = await api.client.get(path, { Accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
    expect(shown.code).toBe(200);
    expect((await api.client.delete(path)).code).toBe(200);
  });

  it('a hundred thousand labels, which etcd has no room for', async () => {
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, '']));
    expect(messageOf(await api.client.post(maps, { metadata: { name: 'many', labels } }))).toEqual([
      500,
      expect.stringMatching(/larger than max|request is too large/),
    ]);
  });

  it('a hundred thousand labels that are wrong', async () => {
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`-${index}`, '-']));
    const { code, body } = await api.client.post(maps, { metadata: { name: 'wrong', labels } });
    expect([code, body.reason]).toEqual([422, 'Invalid']);
  });

  it('annotations beyond their limit', async () => {
    const annotations = { a: 'x'.repeat(256 * 1024) };
    expect(messageOf(await api.client.post(maps, { metadata: { name: 'wrong', annotations } }))).toEqual([
      422,
      expect.stringContaining('metadata.annotations: Too long: may not be more than 262144 bytes'),
    ]);
  });

  it('a hundred thousand fields that nobody knows', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]));
    const { code, headers } = await api.client.post(maps, { metadata: { name: 'unknown' }, ...unknown });
    expect(code).toBe(201);
    expect(headers.warning?.length).toBeLessThan(8_192);
    const refused = await api.client.post(`${maps}?fieldValidation=Strict`, { metadata: { name: 'u2' }, ...unknown });
    expect(refused.code).toBe(400);
  });

  it('a hundred thousand containers', async () => {
    const containers = Array.from({ length: 100_000 }, () => ({ name: 'c' }));
    const answer = await api.client.post(pods, { metadata: { name: 'many' }, spec: { containers } });
    expect(messageOf(answer)).toEqual([422, expect.stringContaining('is invalid')]);
    expect(answer.text.length).toBeLessThan(20_000_000);
  });

  it('a hundred thousand owners, finalizers and managers', async () => {
    const list = <T>(item: T): T[] => Array.from({ length: 40_000 }, () => item);
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
    const metadata = { name: 'owned', ownerReferences: list({ ...owner, controller: true }) };
    expect((await api.client.post(maps, { metadata })).code).toBeLessThan(500);
    expect((await api.client.post(maps, { metadata: { name: 'f', finalizers: list('x') } })).code).toBe(422);
    const managedFields = list({ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' });
    expect((await api.client.post(maps, { metadata: { name: 'm', managedFields } })).code).toBeLessThan(500);
  });
});

describe('selectors', () => {
  const list = (query: string): Promise<Answer> => api.client.get(`${maps}?${query}`);

  it.each([
    ['thousands of requirements', `labelSelector=${Array.from({ length: 20_000 }, (_, i) => `k${i}`).join(',')}`, 200],
    [
      'a set of a hundred thousand',
      `labelSelector=a+in+(${Array.from({ length: 100_000 }, (_, i) => `v${i}`).join(',')})`,
      200,
    ],
    ['an open set', `labelSelector=a+in+(${'x,'.repeat(200_000)}`, 400],
    ['nothing but commas', `labelSelector=${','.repeat(400_000)}`, 400],
    ['nothing but spaces', `labelSelector=${'+'.repeat(400_000)}`, 200],
    ['nothing but operators', `labelSelector=${'!'.repeat(400_000)}`, 400],
    ['equals signs', `labelSelector=a${'='.repeat(400_000)}`, 400],
    ['a key without end', `labelSelector=${'k'.repeat(400_000)}`, 400],
    ['a set of empty values', `labelSelector=a+in+(${','.repeat(200_000)})`, 200],
    ['thousands of terms', `fieldSelector=${'metadata.name!=x,'.repeat(20_000)}`, 200],
    ['a name of spaces', `fieldSelector=metadata.name=${'+'.repeat(300_000)}=`, 400],
    ['a name after spaces', `fieldSelector=${'+'.repeat(300_000)}metadata.name=a`, 400],
    ['escapes', `fieldSelector=metadata.name=${'%5C%5C'.repeat(100_000)}`, 200],
    ['an escape at the end', 'fieldSelector=metadata.name=a%5C', 400],
    ['a field that is none', 'fieldSelector=__proto__=x', 400],
  ])('of %s', async (_name, query, code) => {
    const answer = await list(query);
    expect([code, answer.text.slice(0, 200)]).toEqual([answer.code, answer.text.slice(0, 200)]);
  });

  it('of thousands of requirements in an object', async () => {
    const matchExpressions = Array.from({ length: 5_000 }, (_, index) => ({
      key: 'a',
      operator: 'NotIn',
      values: Array.from({ length: 10 }, (_unused, value) => `v${index}-${value}`),
    }));
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const { code } = await api.client.post('/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: 'selective' },
      spec: { selector: { matchLabels: { a: 'b' }, matchExpressions }, template },
    });
    expect(code).toBe(201);
  });
});

describe('YAML that grows', () => {
  it('by aliases of aliases', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++) lines.push(`a${level}: &a${level} [${`*a${level - 1}, `.repeat(10)}]`);
    const text = lines.join('\n');
    for (const answer of [await api.client.post(maps, text, yaml), await patch('apply', text)]) {
      expect(messageOf(answer)).toEqual([400, expect.stringContaining('document contains excessive aliasing')]);
    }
  });

  it('by aliases of long text', async () => {
    const text = `x: &x ${'x'.repeat(200_000)}\ndata:\n${Array.from({ length: 5_000 }, (_, index) => `  k${index}: *x`).join('\n')}`;
    expect(messageOf(await api.client.post(maps, text, yaml))).toEqual([
      400,
      expect.stringContaining('document contains excessive aliasing'),
    ]);
  });

  it('aliases that do not are resolved, and merged', async () => {
    const text = 'metadata: {name: aliased}\nx: &x {a: "1", b: "2"}\ndata:\n  <<: *x\n  b: "3"';
    const { code, body } = await api.client.post(maps, text, yaml);
    expect([code, body.data]).toEqual([201, { a: '1', b: '3' }]);
  });

  it.each([
    ['tags of other languages', 'data: !!python/object/apply:os.system ["true"]'],
    ['functions', 'data: !!js/function "function () {}"'],
    ['two documents', 'metadata: {name: one}\n---\nmetadata: {name: two}'],
    ['an alias to nothing', 'data: *nothing'],
    ['an alias to itself', 'data: &a {b: *a}'],
    ['infinity', 'data: {a: .inf}'],
    ['tabs', 'data:\n\ta: 1'],
  ])('%s', async (_name, text) => {
    expect((await api.client.post(maps, text, yaml)).code).toBe(400);
    expect((await patch('apply', text)).code).toBe(400);
  });
});

describe('JSON patches that grow', () => {
  it('by more than ten thousand operations', async () => {
    const operations = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }));
    expect(messageOf(await patch('json', operations))).toEqual([
      413,
      'Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ]);
    expect((await patch('json', operations.slice(1))).code).toBe(200);
  });

  it('by doubling', async () => {
    const double = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '/data', path: `/data/c${index}` }));
    const { code, body } = await patch('json', double);
    expect([code, body.reason]).toEqual([422, 'Invalid']);
  });

  it('by depth', async () => {
    const deeper = Array.from({ length: 5_000 }, (_, index) => ({
      op: 'add',
      path: `${'/a'.repeat(index % 400)}/a`,
      value: {},
    }));
    expect((await patch('json', deeper)).code).toBeLessThan(500);
    const path = `/data${'/x'.repeat(500_000)}`;
    expect((await patch('json', [{ op: 'add', path, value: 1 }])).code).toBe(422);
  });

  it('moves of a part into itself, and other nonsense', async () => {
    const operations: unknown[] = [
      { op: 'move', from: '/metadata', path: '/metadata/labels' },
      { op: 'move', from: '', path: '/data' },
      { op: 'replace', path: '', value: {} },
      { op: 'remove', path: '' },
      { op: 'add', path: '/data/-', value: 1 },
      { op: 'add', path: '/metadata/managedFields/99999999999', value: {} },
      { op: 'add', path: '/metadata/managedFields/1e3', value: {} },
      { op: 'test', path: '/data' },
      { op: 'nothing', path: '/data' },
      { path: '/data' },
      {},
      null,
      7,
    ];
    for (const operation of operations) {
      const { code } = await patch('json', [operation]);
      expect([operation, code < 500]).toEqual([operation, true]);
    }
  });
});

describe('managed fields that are broken', () => {
  const entry = {
    manager: 'm',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2024-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
  };

  it.each([
    ['fields that are text', [{ ...entry, fieldsV1: 'x' }]],
    ['fields that are a list', [{ ...entry, fieldsV1: [] }]],
    ['keys that are nothing', [{ ...entry, fieldsV1: { nonsense: {} } }]],
    ['keys that are no JSON', [{ ...entry, fieldsV1: { 'f:data': { 'k:{': {} } } }]],
    ['values that are no sets', [{ ...entry, fieldsV1: { 'f:data': 7 } }]],
    ['an unknown type', [{ ...entry, fieldsType: 'FieldsV9', fieldsV1: {} }]],
    ['an unknown version', [{ ...entry, apiVersion: 'nonsense/v1/x', fieldsV1: { 'f:data': {} } }]],
    ['an unknown operation', [{ ...entry, operation: 'Nope', fieldsV1: {} }]],
    ['no manager', [{ operation: 'Update' }]],
    ['nulls', [null]],
    ['a time that is none', [{ ...entry, time: 'yesterday' }]],
    ['deep fields', [{ ...entry, fieldsV1: JSON.parse(`${'{"f:a":'.repeat(400)}{}${'}'.repeat(400)}`) }]],
  ])('%s', async (name, managedFields) => {
    const metadata = { name: `broken-${name.replace(/\W/g, '-')}`, managedFields };
    const created = await api.client.post(maps, { metadata, data: { a: '1' } });
    expect([created.text.slice(0, 200), created.code < 500]).toEqual([created.text.slice(0, 200), true]);
    const updated = await api.client.put(`${maps}/a`, { metadata: { name: 'a', managedFields }, data: { x: '1' } });
    expect([updated.text.slice(0, 200), updated.code < 500]).toEqual([updated.text.slice(0, 200), true]);
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { managedFields } };
    expect((await patch('apply', manifest)).code).toBe(400);
    expect((await patch('apply', { apiVersion: 'v1', kind: 'ConfigMap', data: { y: '2' } })).code).toBe(200);
  });
});
