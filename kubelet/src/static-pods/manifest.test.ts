import { parseManifest } from './manifest.js';
import { isMirrorPod, isStaticPod, mirrorOf, mirrors } from './mirror.js';

const text = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: app, image: "app:1"}]
`;
const options = { path: '/manifests/web.yaml', nodeName: 'node-1', now: Date.parse('2026-01-02T03:04:05Z') };
const parse = (yaml: string, more = {}) => parseManifest(yaml, { ...options, ...more });

test('a manifest becomes a pod of this node with its defaults', () => {
  const pod = parse(text);
  expect(pod.metadata).toMatchObject({
    name: 'web-node-1',
    namespace: 'default',
    uid: expect.stringMatching(/^[0-9a-f]{32}$/),
    annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': pod.metadata.uid },
  });
  expect(pod.spec).toMatchObject({
    nodeName: 'node-1',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
    containers: [{ imagePullPolicy: 'IfNotPresent' }],
  });
});

test('the same file is the same pod, another content or node another one', () => {
  const { uid } = parse(text).metadata;
  expect(parse(text, { now: 0 }).metadata.uid).toBe(uid);
  expect(parse(`${text}# changed\n`).metadata.uid).not.toBe(uid);
  expect(parse(text, { nodeName: 'node-2' }).metadata.uid).not.toBe(uid);
});

test('JSON is YAML', () => {
  const json =
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}';
  expect(parse(json).metadata.name).toBe('a-node-1');
});

test.each([
  ['', /not an object/],
  ['- a', /not an object/],
  ['kind: Service\napiVersion: v1', /must be a v1 Pod, not v1 Service/],
  ['{', /./],
  ['kind: Pod\napiVersion: v1\nmetadata: {}', /metadata.name: Required value/],
  ['kind: Pod\napiVersion: v1\nmetadata: {name: a}', /spec.containers/],
  ['kind: Pod\napiVersion: v1\nmetadata: {name: "A b"}\nspec: {containers: [{name: c, image: i}]}', /metadata.name/],
])('%j is refused', (yaml, message) => {
  expect(() => parse(yaml)).toThrow(message);
});

test('the mirror shows its static pod and belongs to the node', () => {
  const pod = parse(text);
  const node = { metadata: { name: 'node-1', uid: 'n1' } } as never;
  const mirror = { ...mirrorOf(pod, node) } as typeof pod;
  expect(mirror.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'n1', controller: true },
  ]);
  expect(mirror.metadata.uid).toBeUndefined();
  expect([isMirrorPod(mirror), isStaticPod(mirror)]).toEqual([true, false]);
  expect([isMirrorPod(pod), isStaticPod(pod)]).toEqual([false, true]);
  expect(mirrors(mirror, pod)).toBe(true);
  expect(mirrors(mirror, parse(`${text}# changed\n`))).toBe(false);
});
