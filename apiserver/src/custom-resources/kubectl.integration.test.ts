/** Custom kinds through kubectl; `KUBECTL` may name another one than that of this machine. */

import { createKubectl, type Kubectl } from '../testing/kubectl.js';
import { startTestApiserver, type TestApiserver } from '../testing/test-apiserver.js';
import { widget, widgetDefinition } from './fixtures.js';

let test: TestApiserver;
let kubectl: Kubectl;

const file = (name: string, object: unknown): string => kubectl.file(`${name}.json`, object);

beforeAll(async () => {
  test = await startTestApiserver();
  kubectl = createKubectl(test.kubeconfig);
});
afterAll(async () => {
  kubectl?.close();
  await test?.close();
});

describe('kubectl', () => {
  it('applies a definition, waits for it and applies an object', async () => {
    const definition = file('definition', widgetDefinition({ names: { shortNames: ['wd'], categories: ['all'] } }));
    expect(await kubectl('apply', '-f', definition)).toMatchObject({
      out: 'customresourcedefinition.apiextensions.k8s.io/widgets.example.com created\n',
      err: '',
    });
    const waited = await kubectl('wait', '--for=condition=established', '--timeout=20s', 'crd/widgets.example.com');
    expect(waited.out).toContain('condition met');
    expect(await kubectl('apply', '-f', definition)).toMatchObject({ out: expect.stringContaining('unchanged') });
    const object = file('object', widget('one', { size: 3, rules: [{ name: 'a', value: 'b' }] }));
    expect(await kubectl('apply', '-f', object)).toMatchObject({ out: 'widget.example.com/one created\n', err: '' });
    expect(await kubectl('apply', '-f', object)).toMatchObject({ out: 'widget.example.com/one unchanged\n', err: '' });
    expect((await kubectl('apply', '--server-side', '-f', object)).out).toBe(
      'widget.example.com/one serverside-applied\n',
    );
  });

  it('shows its columns', async () => {
    const { out } = await kubectl('get', 'wd');
    expect(out).toMatch(/^NAME +SIZE +PHASE +AGE\none +3 +\S+\n$/);
    expect((await kubectl('get', 'all')).out).toContain('widget.example.com/one');
    expect((await kubectl('get', 'crd')).out).toMatch(/^NAME +CREATED AT\nwidgets\.example\.com +20/);
    expect((await kubectl('api-resources', '--api-group=example.com')).out).toMatch(
      /widgets +wd +example\.com\/v1 +true +Widget/,
    );
  });

  it('explains it', async () => {
    const { out, err } = await kubectl('explain', 'widgets.spec.size');
    expect([err, out]).toEqual(['', expect.stringContaining('<integer>')]);
    const all = await kubectl('explain', 'widget', '--recursive');
    expect(all.out).toMatch(/rules\s+<\[\]Object>/);
    expect((await kubectl('explain', 'crd.spec.versions.schema')).out).toContain('openAPIV3Schema');
  });

  it('says what is wrong, and changes it', async () => {
    const bad = file('bad', widget('bad', { size: 99, wrong: 1 }));
    const refused = await kubectl('apply', '-f', bad);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/wrong|size/);
    expect((await kubectl('patch', 'wd', 'one', '--type=merge', '-p', '{"spec":{"size":4}}')).code).toBe(0);
    expect((await kubectl('scale', 'wd/one', '--replicas=3')).out).toContain('scaled');
    expect((await kubectl('label', 'wd', 'one', 'a=b')).code).toBe(0);
    expect((await kubectl('get', 'wd', 'one', '-o', 'jsonpath={.spec.size} {.spec.replicas}')).out).toBe('4 3');
    expect((await kubectl('describe', 'wd', 'one')).out).toMatch(/Color: +red/);
  });

  it('autoscales in the version that it prefers', async () => {
    expect((await kubectl('create', 'deployment', 'web', '--image=nginx')).err).toBe('');
    expect((await kubectl('autoscale', 'deployment', 'web', '--max=5', '--cpu-percent=70')).out).toContain(
      'autoscaled',
    );
    expect((await kubectl('get', 'hpa', 'web')).out).toMatch(/Deployment\/web +.*70%.* 1 +5 /);
    expect(
      await kubectl(
        'get',
        'horizontalpodautoscalers.v1.autoscaling',
        'web',
        '-o',
        'jsonpath={.spec.targetCPUUtilizationPercentage}',
      ),
    ).toMatchObject({ out: '70', err: '' });
  });

  it('deletes the definition with what it defined', async () => {
    expect((await kubectl('delete', 'crd', 'widgets.example.com', '--timeout=30s')).out).toContain('deleted');
    expect((await kubectl('get', 'wd')).err).toMatch(
      /doesn't have a resource type "wd"|could not find the requested resource/,
    );
  });
});
