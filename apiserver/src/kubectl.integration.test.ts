/** The kubectl of this machine against the server: what clients of other makes rely on. */

import { createKubectl, type Kubectl } from './testing/kubectl.js';
import { startTestApiserver, type TestApiserver } from './testing/test-apiserver.js';

let test: TestApiserver;
let kubectl: Kubectl;

const manifest = (replicas: number): string =>
  kubectl.file(
    `deployment-${replicas}.yaml`,
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
`,
  );

beforeAll(async () => {
  test = await startTestApiserver();
  kubectl = createKubectl(test.kubeconfig);
  await test.admin.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(async () => {
  kubectl?.close();
  await test?.close();
});

describe('discovery', () => {
  it('lists resources and versions', async () => {
    const { out } = await kubectl('api-resources');
    expect(out).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m);
    expect(out).toMatch(/^namespaces +ns +v1 +false +Namespace$/m);
    expect((await kubectl('api-versions')).out.split('\n')).toContain('rbac.authorization.k8s.io/v1');
  });

  it('explains fields', async () => {
    const { out } = await kubectl('explain', 'pod.spec.containers.image');
    expect(out).toContain('Container image name');
    expect((await kubectl('explain', 'deployment', '--recursive')).out).toContain('revisionHistoryLimit');
  });
});

describe('objects', () => {
  it('creates through protobuf bodies', async () => {
    expect((await kubectl('create', 'namespace', 'team')).out).toBe('namespace/team created\n');
    expect((await kubectl('create', 'configmap', 'settings', '--from-literal=a=b')).code).toBe(0);
    expect((await kubectl('create', 'secret', 'generic', 'key', '--from-literal=a=b')).code).toBe(0);
    expect((await kubectl('create', 'job', 'once', '--image=busybox')).err).toBe('');
    // Before 1.21 kubectl knew cron jobs of batch/v1beta1 only.
    const { err } = await kubectl('create', 'cronjob', 'often', '--image=busybox', '--schedule=* * * * *');
    expect(['', 'error: failed to create cronjob: the server could not find the requested resource\n']).toContain(err);
    const ingress = ['create', 'ingress', 'front', '--rule=example.com/*=web:80'];
    expect((await kubectl(...ingress)).err).toBe('');
    expect((await kubectl('get', 'secret', 'key', '-o', 'jsonpath={.data.a}')).out).toBe('Yg==');
  });

  it('applies, compares and applies again', async () => {
    expect((await kubectl('apply', '-f', manifest(2))).out).toBe('deployment.apps/web created\n');
    expect((await kubectl('apply', '-f', manifest(2))).out).toBe('deployment.apps/web unchanged\n');
    const diff = await kubectl('diff', '-f', manifest(3));
    expect(diff.code).toBe(1);
    expect(diff.out).toMatch(/^\+ {2}replicas: 3$/m);
    expect((await kubectl('apply', '-f', manifest(3))).out).toBe('deployment.apps/web configured\n');
    expect((await kubectl('apply', '--server-side', '-f', manifest(3))).out).toBe(
      'deployment.apps/web serverside-applied\n',
    );
  });

  it('shows tables', async () => {
    const { out } = await kubectl('get', 'deployments', '-o', 'wide');
    expect(out).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +0\/3 /);
    expect((await kubectl('get', 'all')).out).toContain('service/kubernetes');
    expect((await kubectl('get', 'ns', '--no-headers')).out.split('\n').filter(Boolean)).toHaveLength(5);
  });

  it('changes in every way', async () => {
    expect((await kubectl('run', 'one', '--image=nginx')).err).toBe('');
    expect((await kubectl('label', 'pod', 'one', 'a=b')).out).toBe('pod/one labeled\n');
    expect((await kubectl('annotate', 'pod', 'one', 'c=d')).out).toBe('pod/one annotated\n');
    expect((await kubectl('patch', 'pod', 'one', '-p', '{"metadata":{"labels":{"e":"f"}}}')).code).toBe(0);
    expect((await kubectl('scale', 'deployment', 'web', '--replicas=5')).out).toBe('deployment.apps/web scaled\n');
    expect((await kubectl('set', 'image', 'deployment/web', 'web=nginx:2')).out).toContain('image updated');
    expect((await kubectl('expose', 'deployment', 'web', '--port=80')).out).toBe('service/web exposed\n');
    const { out } = await kubectl('describe', 'pod', 'one');
    expect(out).toMatch(/^Status: +Pending$/m);
    expect((await kubectl('delete', 'pod', 'one')).out).toMatch(/^pod "one" deleted/);
  });

  it('says what is wrong', async () => {
    const bad = kubectl.file(
      'bad.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {foo: 1, containers: [{name: a, image: b}]}\n',
    );
    expect((await kubectl('apply', '-f', bad)).err).toMatch(/unknown field "(spec\.)?foo"/);
    expect((await kubectl('get', 'pod', 'none')).err).toBe('Error from server (NotFound): pods "none" not found\n');
    expect((await kubectl('auth', 'can-i', 'list', 'pods', '--as=joe')).out).toBe('no\n');
    expect((await kubectl('auth', 'can-i', 'list', 'pods')).out).toBe('yes\n');
    expect((await kubectl('create', 'deployment', 'X_Y', '--image=a')).err).toContain('a lowercase RFC 1123 subdomain');
  });
});
