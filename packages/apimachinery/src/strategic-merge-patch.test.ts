import fc from 'fast-check';
import { applyMergePatch } from './merge-patch.js';
import { deploymentSchema } from './schema-fixture.js';
import { StatusError } from './status-error.js';
import { strategicMergePatch } from './strategic-merge-patch.js';

const schema = deploymentSchema();

/** Wraps a pod spec into a deployment. */
const pod = (spec: object): Record<string, unknown> => ({ spec: { template: { spec } } });
const patchPod = (original: object, patch: object): unknown => strategicMergePatch(pod(original), pod(patch), schema);
const container = (name: string, image = 'i'): Record<string, unknown> => ({ name, image });

function failure(action: () => unknown): StatusError {
  try {
    action();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('did not throw');
}

describe('strategicMergePatch', () => {
  it('merges lists by key: what the patch names first, in its order', () => {
    const original = { containers: [container('a'), container('b')] };
    const patch = {
      containers: [
        { name: 'c', image: 'new' },
        { name: 'a', image: 'x' },
      ],
    };
    expect(patchPod(original, patch)).toEqual(
      pod({ containers: [container('c', 'new'), container('a', 'x'), container('b')] }),
    );
  });

  it('deletes items, even those that are not there', () => {
    const original = { containers: [container('a'), container('b')] };
    const patch = {
      containers: [
        { name: 'a', $patch: 'delete' },
        { name: 'z', $patch: 'delete' },
      ],
    };
    expect(patchPod(original, patch)).toEqual(pod({ containers: [container('b')] }));
  });

  it('replaces a list', () => {
    const original = { containers: [container('a'), container('b')] };
    const patch = { containers: [{ $patch: 'replace' }, container('z')] };
    expect(patchPod(original, patch)).toEqual(pod({ containers: [container('z')] }));
  });

  it('replaces and deletes objects', () => {
    expect(
      strategicMergePatch(
        { metadata: { labels: { a: '1', b: '2' } } },
        { metadata: { labels: { $patch: 'replace', c: '3' } } },
        schema,
      ),
    ).toEqual({ metadata: { labels: { c: '3' } } });
    expect(
      strategicMergePatch({ spec: { strategy: { type: 'x' } } }, { spec: { strategy: { $patch: 'delete' } } }, schema),
    ).toEqual({ spec: { strategy: {} } });
  });

  it('replaces atomic lists', () => {
    expect(patchPod({ tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] })).toEqual(
      pod({ tolerations: [{ key: 'b' }] }),
    );
    const original = { containers: [{ name: 'a', args: ['1', '2'] }] };
    expect(patchPod(original, { containers: [{ name: 'a', args: ['3'] }] })).toEqual(
      pod({ containers: [{ name: 'a', args: ['3'] }] }),
    );
  });

  it('removes with null and ignores nulls for what is not there', () => {
    expect(
      strategicMergePatch({ spec: { replicas: 1, paused: true } }, { spec: { paused: null, strategy: null } }, schema),
    ).toEqual({ spec: { replicas: 1 } });
    expect(strategicMergePatch({}, { spec: { strategy: { type: 'x', rollingUpdate: null } } }, schema)).toEqual({
      spec: { strategy: { type: 'x' } },
    });
  });

  it('merges, deduplicates and deletes from lists of scalars', () => {
    const original = { metadata: { finalizers: ['a', 'b'] } };
    expect(strategicMergePatch(original, { metadata: { finalizers: ['c', 'a'] } }, schema)).toEqual({
      metadata: { finalizers: ['c', 'a', 'b'] },
    });
    expect(
      strategicMergePatch(original, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'x'] } }, schema),
    ).toEqual({ metadata: { finalizers: ['b'] } });
    expect(
      strategicMergePatch(
        { metadata: { finalizers: ['a', 'b', 'c'] } },
        {
          metadata: {
            '$deleteFromPrimitiveList/finalizers': ['b'],
            '$setElementOrder/finalizers': ['d', 'a', 'c'],
            finalizers: ['d'],
          },
        },
        schema,
      ),
    ).toEqual({ metadata: { finalizers: ['d', 'a', 'c'] } });
  });

  it("orders lists as $setElementOrder says and keeps the server's own items in place", () => {
    const original = { containers: [container('a'), container('mine'), container('b')] };
    const patch = {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
      containers: [{ name: 'a', image: 'x' }],
    };
    expect(patchPod(original, patch)).toEqual(
      pod({ containers: [container('mine'), container('b'), container('a', 'x')] }),
    );
  });

  it('orders without changing items, and adds lists with an order', () => {
    const original = { containers: [container('a'), container('b')] };
    expect(patchPod(original, { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] })).toEqual(
      pod({ containers: [container('b'), container('a')] }),
    );
    expect(patchPod({}, { '$setElementOrder/containers': [{ name: 'a' }], containers: [container('a')] })).toEqual(
      pod({ containers: [container('a')] }),
    );
    expect(patchPod({}, { '$setElementOrder/containers': [{ name: 'a' }] })).toEqual(pod({}));
  });

  it('clears what $retainKeys does not name', () => {
    const original = { volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }] };
    const patch = { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] };
    expect(patchPod(original, patch)).toEqual(pod({ volumes: [{ name: 'v', configMap: { name: 'c' } }] }));
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } };
    expect(
      strategicMergePatch(
        { spec: { strategy } },
        { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
        schema,
      ),
    ).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });

  it('drops directives and nulls from what is new', () => {
    const patch = {
      containers: [
        {
          name: 'a',
          '$setElementOrder/env': [{ name: 'x' }],
          env: [
            { name: 'x', value: null },
            { name: 'y', $patch: 'delete' },
          ],
        },
      ],
    };
    expect(patchPod({}, patch)).toEqual(pod({ containers: [{ name: 'a', env: [{ name: 'x' }] }] }));
  });

  it('replaces a field of another shape', () => {
    expect(strategicMergePatch({ spec: { strategy: 'x' } }, { spec: { strategy: { type: 'y' } } }, schema)).toEqual({
      spec: { strategy: { type: 'y' } },
    });
  });

  test.each<[object, object, number, string | RegExp]>([
    [
      { containers: [container('a')] },
      { containers: [{ image: 'x' }] },
      500,
      'map: map[image:x] does not contain declared merge key: name',
    ],
    [
      { containers: [container('a')] },
      { containers: [{ name: 'a', $patch: 'frob' }] },
      500,
      /^unknown patch type: frob in map: map\[/,
    ],
    [
      { containers: [container('a')] },
      { containers: [{ $patch: 'merge' }] },
      500,
      'merging lists cannot yet be specified in the patch',
    ],
    [
      { containers: [container('a')] },
      { containers: [{ $patch: 'delete' }] },
      500,
      /does not contain declared merge key: name/,
    ],
    [{ containers: [container('a')] }, { containers: ['a'] }, 500, /^list element types are not identical: /],
    [
      { containers: [container('a')] },
      { containers: [['a']] },
      422,
      'the server rejected our request due to an error in our request',
    ],
    [
      { containers: [container('a')] },
      { $setElementOrder: [], containers: [] },
      400,
      'invalid patch format of setElementOrder list',
    ],
    [
      { containers: [container('a')] },
      { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] },
      500,
      /^The order in patch list:\n\[map\[name:a\]\]\n doesn't match \$setElementOrder list:\n\[map\[name:b\]\]\n/,
    ],
    [{ containers: [container('a')] }, { $retainKeys: 'containers' }, 400, 'invalid patch format of retainKeys'],
    [{ containers: [container('a')] }, { $retainKeys: [], containers: [] }, 400, 'invalid patch format of retainKeys'],
    [{}, { '$deleteFromPrimitiveList/x': 'y' }, 400, 'invalid patch format of primitive list'],
    [
      { $x: {} },
      { '$setElementOrder/frob': ['a'], frob: ['a'] },
      500,
      'unable to find api field in struct PodSpec for the json field "frob"',
    ],
  ])('%j with %j fails', (original, patch, code, message) => {
    const error = failure(() => patchPod(original, patch));
    expect(error.code).toBe(code);
    if (message instanceof RegExp) expect(error.message).toMatch(message);
    else expect(error.message).toBe(message);
  });

  it('refuses what is no object', () => {
    expect(failure(() => strategicMergePatch({}, [], schema)).code).toBe(400);
  });

  it('changes neither argument', () => {
    const original = pod({ containers: [container('a')] });
    const patch = pod({
      containers: [
        { name: 'a', image: 'x' },
        { name: 'b', $patch: 'delete' },
      ],
    });
    const before = JSON.stringify([original, patch]);
    strategicMergePatch(original, patch, schema);
    expect(JSON.stringify([original, patch])).toBe(before);
  });

  it('is a merge patch where there are no lists', () => {
    const labels = fc.dictionary(
      fc.string({ maxLength: 3 }).filter((key) => !key.startsWith('$')),
      fc.option(fc.string()),
    );
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        const original = applyMergePatch({}, { metadata: { labels: a } });
        const patch = { metadata: { labels: b } };
        expect(strategicMergePatch(original, patch, schema)).toEqual(applyMergePatch(original, patch));
      }),
    );
  });

  it('is idempotent', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
    fc.assert(
      fc.property(names, names, names, (live, patched, deleted) => {
        const original = pod({ containers: live.map((name) => container(name)) });
        const items = [
          ...patched.filter((name) => !deleted.includes(name)).map((name) => ({ name, image: 'new' })),
          ...deleted.map((name) => ({ name, $patch: 'delete' })),
        ];
        const once = strategicMergePatch(original, pod({ containers: items }), schema);
        expect(strategicMergePatch(once, pod({ containers: items }), schema)).toEqual(once);
      }),
    );
  });
});
