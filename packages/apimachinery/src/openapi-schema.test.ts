import { schemaFromInlineOpenApi, schemaFromOpenApi } from './openapi-schema.js';
import { anyAtomic, anyGranular, type StructSchema, type TypeSchema } from './schema.js';
import { deploymentSchema, testDefinitions } from './schema-fixture.js';

function at(schema: TypeSchema, ...path: string[]): TypeSchema {
  return path.reduce<TypeSchema>((type, name) => {
    if (type.kind === 'list') return at(type.items, name);
    if (type.kind === 'struct') return type.field(name)?.type ?? anyAtomic;
    return type.kind === 'map' ? type.values : type;
  }, schema);
}

describe('schemaFromOpenApi', () => {
  it('follows references lazily and caches them', () => {
    expect(deploymentSchema()).toBe(deploymentSchema());
    const recursive = { Node: { type: 'object', properties: { child: { $ref: '#/definitions/Node' } } } };
    const node = schemaFromOpenApi(recursive, 'Node');
    expect(at(node, 'child', 'child', 'child')).toBe(node);
    expect(() => schemaFromOpenApi(testDefinitions, 'constructor')).toThrow(
      'no OpenAPI definition is named "constructor"',
    );
  });

  it('reads list and map types', () => {
    const spec = at(deploymentSchema(), 'spec');
    expect(at(spec, 'selector')).toMatchObject({ kind: 'struct', atomic: true });
    expect(at(spec, 'template', 'spec', 'containers')).toMatchObject({ kind: 'list', listType: 'map', keys: ['name'] });
    expect(at(spec, 'template', 'spec', 'containers', 'ports')).toMatchObject({ keys: ['containerPort', 'protocol'] });
    expect(at(spec, 'template', 'spec', 'tolerations')).toMatchObject({ kind: 'list', listType: 'atomic' });
    expect(at(spec, 'template', 'spec', 'nodeSelector')).toMatchObject({ kind: 'map', atomic: true });
    expect(at(spec, 'template', 'spec', 'containers', 'resources', 'limits', 'cpu')).toEqual({
      kind: 'scalar',
      type: 'any',
    });
    const struct = spec as StructSchema;
    expect(struct.name).toBe('DeploymentSpec');
    expect(struct.field('strategy')?.patchStrategies).toEqual(['retainKeys']);
    expect(struct.field('__proto__')).toBeUndefined();
    expect(struct.field('toString')).toBeUndefined();
  });

  it('takes the list type from the patch strategy where none is declared', () => {
    const list = (extra: object) =>
      schemaFromInlineOpenApi({ type: 'array', items: { type: 'string' }, ...extra }, 'x');
    expect(list({})).toMatchObject({ listType: 'atomic' });
    expect(list({ 'x-kubernetes-patch-strategy': 'merge' })).toMatchObject({ listType: 'set' });
    expect(list({ 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'k' })).toMatchObject({
      listType: 'map',
      keys: ['k'],
    });
  });

  it('knows arbitrary JSON and custom resources', () => {
    const schema = (text: object) => schemaFromInlineOpenApi(text, 'Widget');
    expect(schema({})).toBe(anyAtomic);
    expect(schema({ type: 'object' })).toBe(anyAtomic);
    expect(schema({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true })).toBe(anyGranular);
    expect(schema({ 'x-kubernetes-int-or-string': true })).toEqual({ kind: 'scalar', type: 'any' });
    const open = schema({
      type: 'object',
      properties: { a: { type: 'string' } },
      'x-kubernetes-preserve-unknown-fields': true,
    });
    expect((open as StructSchema).unknown).toBe(anyGranular);
    const v3 = {
      type: 'object',
      properties: { spec: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.test.v1.PodSpec' }], default: {} } },
    };
    expect(at(schemaFromInlineOpenApi(v3, 'x', testDefinitions), 'spec')).toMatchObject({
      kind: 'struct',
      name: 'PodSpec',
    });
  });
});
