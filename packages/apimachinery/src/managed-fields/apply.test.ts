import type { JsonObject } from '../json.js';
import { schemaFromInlineOpenApi } from '../openapi-schema.js';
import {
  apiVersion,
  apply,
  deployment,
  failure,
  kind,
  ownedBy,
  schema,
  specOf,
  t0,
  t1,
  update,
  withPod,
} from './apply-fixture.js';
import { lastAppliedAnnotation } from './last-applied.js';
import { updateManagedFields } from './update.js';

describe('applyServerSide', () => {
  it('creates and records who owns what', () => {
    const config = deployment({
      metadata: { name: 'web', namespace: 'default', labels: { app: 'web' }, finalizers: ['a'] },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: {
          spec: {
            containers: [{ name: 'c', image: 'nginx', args: ['x'], ports: [{ containerPort: 80 }], resources: {} }],
            nodeSelector: { a: 'b' },
          },
        },
      },
    });
    const { object, managedFields, changed } = apply(undefined, config);
    expect(changed).toBe(true);
    expect(object).toEqual({ ...config, metadata: { ...(config['metadata'] as object), managedFields } });
    expect(managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion,
        time: t0,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app': {} }, 'f:finalizers': { 'v:"a"': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:name': {},
                    'f:image': {},
                    'f:args': {},
                    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                    'f:resources': {},
                  },
                },
                'f:nodeSelector': {},
              },
            },
          },
        },
      },
    ]);
  });

  it('changes nothing the second time, not even the time', () => {
    const config = withPod({ containers: [{ name: 'c', image: 'a' }] });
    const first = apply(undefined, config);
    const second = apply(first.object, config, 'me', { time: t1 });
    expect(second.changed).toBe(false);
    expect(second.object).toEqual(first.object);
  });

  it('removes what is not applied any more, but not what others own or no one set', () => {
    const first = apply(
      undefined,
      deployment({ metadata: { name: 'web', labels: { a: '1', b: '2' } }, spec: { replicas: 1, paused: true } }),
    );
    const defaulted = {
      ...first.object,
      spec: { ...(specOf(first.object) as object), strategy: { type: 'RollingUpdate' } },
    };
    const shared = apply(defaulted, deployment({ metadata: { name: 'web', labels: { b: '2' } } }), 'other');
    const { object } = apply(
      shared.object,
      deployment({ metadata: { name: 'web', labels: {} }, spec: { replicas: 2 } }),
      'me',
      { time: t1 },
    );
    expect(specOf(object)).toEqual({ replicas: 2, strategy: { type: 'RollingUpdate' } });
    expect((object['metadata'] as JsonObject)['labels']).toEqual({ b: '2' });
    expect(ownedBy(object, 'other')).toEqual({ 'f:metadata': { 'f:labels': { 'f:b': {} } } });
    expect(ownedBy(object, 'me')).toEqual({ 'f:metadata': { 'f:labels': {} }, 'f:spec': { 'f:replicas': {} } });
  });

  it('removes a whole item with all that is in it, unless someone else owns the item', () => {
    const config = withPod({
      containers: [
        { name: 'a', image: 'x' },
        { name: 'b', image: 'x' },
      ],
    });
    const first = apply(undefined, config);
    const a = { name: 'a', image: 'x', env: [{ name: 'D' }] };
    const b = { name: 'b', image: 'x', args: ['defaulted'] };
    const live = { ...withPod({ containers: [a, b] }), metadata: first.object['metadata'] };
    const onlyA = withPod({ containers: [{ name: 'a', image: 'x' }] });
    expect(specOf(apply(live, onlyA).object)).toEqual({ template: { spec: { containers: [a] } } });

    const edited = { ...withPod({ containers: [a, { ...b, env: [{ name: 'E' }] }] }), metadata: live.metadata };
    expect(specOf(apply(update(live, edited, 'editor'), onlyA).object)).toEqual({
      template: { spec: { containers: [a] } },
    });

    const shared = apply(live, withPod({ containers: [{ name: 'b', env: [{ name: 'E' }] }] }), 'other');
    expect(specOf(apply(shared.object, onlyA).object)).toEqual({
      template: { spec: { containers: [a, { name: 'b', args: ['defaulted'], env: [{ name: 'E' }] }] } },
    });
  });

  it('keeps an object that is applied empty', () => {
    const volume = (emptyDir: object): JsonObject => withPod({ volumes: [{ name: 'v', emptyDir }] });
    const first = apply(undefined, volume({ medium: 'Memory' }));
    expect(specOf(apply(first.object, volume({})).object)).toEqual(specOf(volume({})));
    expect(specOf(apply(first.object, withPod({ volumes: [{ name: 'v' }] })).object)).toEqual({
      template: { spec: { volumes: [{ name: 'v' }] } },
    });
  });

  it('fails with a cause per field that someone else owns', () => {
    const live = update(undefined, deployment({ spec: { replicas: 1, paused: false } }), 'kubectl-create');
    const one = failure(() => apply(live, deployment({ spec: { replicas: 2 } })));
    expect(one).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "kubectl-create" using test/v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-create" using test/v1',
            field: '.spec.replicas',
          },
        ],
      },
    });
    const two = failure(() => apply(live, deployment({ spec: { replicas: 2, paused: true } })));
    expect(two.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl-create" using test/v1:\n- .spec.paused\n- .spec.replicas',
    );
    expect(two.details?.causes).toHaveLength(2);
  });

  it('names appliers without a version and subresources', () => {
    const applied = apply(undefined, deployment({ spec: { replicas: 1 } }), 'first');
    expect(failure(() => apply(applied.object, deployment({ spec: { replicas: 2 } }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "first": .spec.replicas',
    );
    const scaled: JsonObject = { ...applied.object, spec: { replicas: 5 } };
    const managedFields = updateManagedFields({
      schema,
      old: applied.object,
      new: scaled,
      manager: 'scaler',
      apiVersion,
      subresource: 'scale',
      time: t1,
    });
    const live = { ...scaled, metadata: { ...(scaled['metadata'] as object), managedFields } };
    expect(failure(() => apply(live, deployment({ spec: { replicas: 1 } }), 'first')).message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using test/v1: .spec.replicas',
    );
  });

  it('takes over by force', () => {
    const live = update(undefined, deployment({ spec: { replicas: 1, paused: true } }), 'creator');
    const { object } = apply(live, deployment({ spec: { replicas: 2 } }), 'me', { force: true });
    expect(specOf(object)).toEqual({ replicas: 2, paused: true });
    expect(ownedBy(object, 'creator')).toEqual({ 'f:spec': { 'f:paused': {} } });
    expect(ownedBy(object, 'me')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('shares a field on which both agree', () => {
    const first = apply(undefined, deployment({ spec: { replicas: 3 } }), 'a');
    const second = apply(first.object, deployment({ spec: { replicas: 3 } }), 'b');
    expect(ownedBy(second.object, 'a')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(ownedBy(second.object, 'b')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    const left = apply(second.object, deployment({}), 'a');
    expect(specOf(left.object)).toEqual({ replicas: 3 });
    expect(ownedBy(left.object, 'a')).toBeUndefined();
  });

  it('loses a field to a plain update and then conflicts with it', () => {
    const first = apply(undefined, deployment({ spec: { replicas: 3 } }), 'me');
    const live = update(first.object, { ...first.object, spec: { replicas: 5 } }, 'editor', t1);
    expect(ownedBy(live, 'me')).toBeUndefined();
    expect(failure(() => apply(live, deployment({ spec: { replicas: 3 } }))).code).toBe(409);
    expect(specOf(apply(live, deployment({ spec: { replicas: 5 } })).object)).toEqual({ replicas: 5 });
  });

  it('gives an object that nobody tracked to before-first-apply', () => {
    const live = deployment({ spec: { replicas: 1 } });
    expect(failure(() => apply(live, deployment({ spec: { replicas: 2 } }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using test/v1: .spec.replicas',
    );
  });

  it('keeps lists in order: applied order, others where they were', () => {
    const names = (object: JsonObject): string[] =>
      (
        object as { spec: { template: { spec: { containers: { name: string }[] } } } }
      ).spec.template.spec.containers.map(({ name }) => name);
    const list = (...items: string[]) => withPod({ containers: items.map((name) => ({ name })) });
    const live = update(undefined, list('a', 'x', 'b', 'y'), 'other');
    expect(names(apply(live, list('b', 'a')).object)).toEqual(['x', 'b', 'y', 'a']);
    expect(names(apply(live, list('n', 'a', 'b')).object)).toEqual(['n', 'a', 'x', 'b', 'y']);
  });

  it('refuses the wrong type, managedFields and what the schema does not know', () => {
    expect(failure(() => apply(undefined, { ...deployment({}), kind: 'Pod' })).message).toBe(
      'invalid object type: test/v1, Kind=Pod',
    );
    expect(failure(() => apply(undefined, {})).message).toBe('invalid object type: /, Kind=');
    expect(failure(() => apply(undefined, deployment({ metadata: { managedFields: [] } })))).toMatchObject({
      code: 400,
      message: 'metadata.managedFields must be nil',
    });
    expect(failure(() => apply(undefined, deployment({ spec: { frob: 1 } })))).toMatchObject({
      code: 500,
      message:
        'failed to create typed patch object (default/web; test/v1, Kind=Deployment): .spec.frob: field not declared in schema',
    });
    const env = withPod({ containers: [{ name: 'c', env: [{ name: 'E', value: 8080 }] }] });
    expect(failure(() => apply(undefined, env)).message).toContain(
      '.spec.template.spec.containers[name="c"].env[name="E"].value: expected string, got &value.valueUnstructured{Value:8080}',
    );
    expect(failure(() => apply(undefined, deployment({ spec: { replicas: 'x', paused: 1 } }))).message).toContain(
      'errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.paused: expected boolean, got',
    );
    expect(failure(() => apply(undefined, withPod({ containers: [{}] }))).message).toContain(
      '.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
    );
    expect(failure(() => apply(undefined, withPod({ containers: [{ name: 'a' }, { name: 'a' }] }))).message).toContain(
      '.spec.template.spec.containers: duplicate entries for key [name="a"]',
    );
    expect(failure(() => apply(undefined, withPod({ containers: { a: 1 } }))).message).toContain(
      'expected list, got &{map[a:1]}',
    );
  });

  it('leaves ignored fields out of ownership and conflicts', () => {
    const live = update(undefined, deployment({ status: { replicas: 1 } }), 'controller');
    const { managedFields } = apply(live, deployment({ status: { replicas: 2 } }), 'me', { ignored: ['status'] });
    expect(managedFields?.map(({ manager }) => manager)).toEqual(['controller']);
  });

  it('takes over from client-side apply without conflicts where nothing changed in between', () => {
    const old = deployment({ spec: { replicas: 1, paused: false } });
    const annotations = { [lastAppliedAnnotation]: JSON.stringify(old) };
    const metadata = { name: 'web', namespace: 'default', annotations };
    const live = update(undefined, { ...old, metadata }, 'kubectl-client-side-apply');
    const { object } = apply(live, deployment({ spec: { replicas: 2 } }), 'kubectl');
    expect(specOf(object)).toEqual({ replicas: 2, paused: false });
    const kept = (object['metadata'] as { annotations: Record<string, string> }).annotations[lastAppliedAnnotation];
    expect(JSON.parse(kept ?? '')).toEqual(deployment({ spec: { replicas: 2 } }));

    const edited = update(live, { ...live, spec: { replicas: 7, paused: false } }, 'editor', t1);
    const error = failure(() => apply(edited, deployment({ spec: { replicas: 2, paused: true } }), 'kubectl'));
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "editor" using test/v1: .spec.replicas');
  });

  it('applies custom resources with arbitrary parts', () => {
    const widget = schemaFromInlineOpenApi(
      {
        type: 'object',
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
      'Widget',
    );
    const config = { apiVersion, kind, metadata: { name: 'w' }, spec: { a: { b: [1, { c: 2 }] }, d: 1 } };
    const first = apply(undefined, config, 'me', { schema: widget });
    expect(ownedBy(first.object, 'me')).toEqual({ 'f:spec': { 'f:a': { '.': {}, 'f:b': {} }, 'f:d': {} } });
    const second = apply(first.object, { ...config, spec: { d: { e: 1 } } }, 'me', { schema: widget });
    expect(specOf(second.object)).toEqual({ d: { e: 1 } });
  });

  it('does not confuse keys with the prototype', () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
    const first = apply(undefined, deployment({ metadata: { name: 'web', labels } }));
    const merged = (first.object['metadata'] as JsonObject)['labels'] as object;
    expect(Object.keys(merged)).toEqual(['__proto__', 'constructor']);
    const second = apply(first.object, deployment({ metadata: { name: 'web', labels: { a: 'b' } } }));
    expect((second.object['metadata'] as JsonObject)['labels']).toEqual({ a: 'b' });
  });
});
