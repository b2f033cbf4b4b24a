/** Integers of int64 that a Number cannot hold, on their way through the whole server. */

import { parseExact } from '@kubelab/apimachinery/exact-json';
import { install, widgetDefinition } from '../custom-resources/fixtures.js';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import type { TestClient } from '../testing/test-client.js';
import { readEnvelope } from './protobuf/decode.js';
import { encodeProtobuf } from './protobuf/encode.js';

const big = '9007199254740993';
const bigger = '9007199254740995';
const largest = '9223372036854775807';
const smallest = '-9223372036854775808';
const beyond = '9223372036854775808';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const pods = '/api/v1/namespaces/default/pods';

let test: TestApiserver;
let client: TestClient;

const widgetText = (name: string, spec: string): string =>
  `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`;
const podText = (name: string, seconds: string): string =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"},"spec":{"containers":[{"name":"c","image":"i"}],` +
  `"automountServiceAccountToken":false,"terminationGracePeriodSeconds":${seconds}}}`;

beforeAll(async () => {
  test = await startTestApiserver({ flags: { 'disable-admission-plugins': ['ServiceAccount'] } });
  client = test.admin;
  const spec = {
    type: 'object',
    properties: {
      size: { type: 'integer', format: 'int64' },
      small: { type: 'integer', maximum: 2 ** 60, minimum: -(2 ** 60), multipleOf: 3 },
      ids: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer' } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  await install(client, widgetDefinition({ schema: { type: 'object', properties: { spec } } }));
});
afterAll(() => test?.close());

describe('in a custom resource', () => {
  it('are the same in every answer', async () => {
    const watch = await client.watch(`${widgets}?watch=1`);
    const free = `{"list":[${big},${smallest},1.5],"deep":{"n":${largest}}}`;
    const created = await client.post(widgets, widgetText('exact', `{"size":${largest},"free":${free}}`));
    expect(created.code).toBe(201);
    const answers = [
      created,
      await client.get(`${widgets}/exact`),
      await client.get(widgets),
      await client.get(`${widgets}?resourceVersion=0&pretty=true`),
      await client.get(`${widgets}/exact`, { Accept: 'application/yaml' }),
      await client.get(`${widgets}?includeObject=Object`, { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    ];
    for (const { code, text } of answers) {
      expect(code).toBeLessThan(300);
      for (const number of [big, smallest, largest]) expect(text).toContain(number);
    }
    const table = await client.get(widgets, { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect(table.text).toContain(`"cells":["exact",${largest}`);
    expect(JSON.stringify((await watch.next()).object.spec.size)).toBe(String(Number(largest)));
    watch.stop();
  });

  it('survive every kind of patch', async () => {
    await client.post(widgets, widgetText('patched', `{"size":${big},"ids":[${big}],"free":{"keep":${smallest}}}`));
    const path = `${widgets}/patched`;
    const json = `[{"op":"test","path":"/spec/size","value":${big}},{"op":"replace","path":"/spec/size","value":${bigger}}]`;
    expect((await client.patch(path, 'json', json)).text).toContain(`"size":${bigger}`);
    const wrong = `[{"op":"test","path":"/spec/size","value":9007199254740994}]`;
    expect((await client.patch(path, 'json', wrong)).code).toBe(422);
    expect((await client.patch(path, 'merge', `{"spec":{"free":{"more":${largest}}}}`)).text).toContain(
      `{"keep":${smallest},"more":${largest}}`,
    );
    const applied = widgetText('patched', `{"ids":[${bigger}]}`);
    const answer = await client.patch(`${path}?fieldManager=one`, 'apply', applied);
    expect(answer.text).toContain(`"ids":[${big},${bigger}]`);
    expect(answer.text).toContain(`v:${bigger}`);
    const dropped = await client.patch(`${path}?fieldManager=one`, 'apply', widgetText('patched', '{}'));
    expect(dropped.text).toContain(`"ids":[${big}]`);
    const yaml = `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: patched}\nspec: {size: ${largest}}\n`;
    expect((await client.patch(`${path}?fieldManager=two&force=true`, 'apply', yaml)).text).toContain(
      `"size":${largest}`,
    );
  });

  it('are validated as the integers they are', async () => {
    const refused = await client.post(widgets, widgetText('refused', `{"small":1152921504606846977}`));
    expect(refused.code).toBe(422);
    expect(refused.body.message).toContain('should be less than or equal to');
    expect(refused.body.message).toContain('Invalid value: 1152921504606846977');
    expect(refused.body.message).toContain('should be a multiple of 3');
    // What is no int64 is a float64, and of that size a whole number.
    const float = await client.post(widgets, widgetText('float', `{"size":${beyond}}`));
    expect(float.code).toBe(201);
    expect(float.text).toContain('"size":9223372036854776000');
    expect((await client.post(widgets, widgetText('twice', `{"ids":[${big},${big}]}`))).code).toBe(422);
    expect((await client.post(widgets, widgetText('near', `{"ids":[${big},9007199254740992]}`))).code).toBe(201);
  });
});

describe('in a built-in kind', () => {
  it('are kept by JSON, YAML and protobuf, and by updates', async () => {
    const created = await client.post(pods, podText('exact', big));
    expect(created.text).toContain(`"terminationGracePeriodSeconds":${big}`);
    const pod = parseExact(created.text) as { spec: { terminationGracePeriodSeconds: bigint } };
    expect(pod.spec.terminationGracePeriodSeconds).toBe(BigInt(big));
    const protobuf = 'application/vnd.kubernetes.protobuf';
    const body = encodeProtobuf({ ...pod, kind: 'Pod', apiVersion: 'v1' });
    expect(readEnvelope(body).decode({ apiVersion: '', kind: '' })['spec']).toMatchObject({
      terminationGracePeriodSeconds: BigInt(big),
    });
    const put = await client.request('PUT', `${pods}/exact`, { body, headers: { 'Content-Type': protobuf } });
    expect(put.code).toBe(200);
    expect(put.text).toContain(`"terminationGracePeriodSeconds":${big}`);
    const strategic = `{"spec":{"tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":${big}}]}}`;
    expect((await client.patch(`${pods}/exact`, 'strategic', strategic)).text).toContain(`"tolerationSeconds":${big}`);
    const yaml = await client.get(`${pods}/exact`, { Accept: 'application/yaml' });
    expect(yaml.text).toContain(`tolerationSeconds: ${big}`);
    expect((await client.delete(`${pods}/exact`)).code).toBe(200);
  });

  it('beyond int64 and in smaller fields are errors', async () => {
    for (const seconds of [beyond, '-9223372036854775809', '1.5', '1e20']) {
      const { code, body } = await client.post(pods, podText('refused', seconds));
      expect(code).toBe(400);
      expect(body.message).toContain('of type int64');
    }
    const deployment = `{"metadata":{"name":"d"},"spec":{"replicas":${big}}}`;
    const { code, body } = await client.post('/apis/apps/v1/namespaces/default/deployments', deployment);
    expect([code, body.message]).toEqual([400, expect.stringContaining(`number ${big}`)]);
  });
});
