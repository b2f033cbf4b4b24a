import type { Json } from './document-input.js';
import { builtinOpenApiDocuments } from './documents.js';
import { danglingReferences } from './v2.js';

const documents = builtinOpenApiDocuments('v1.34.0');
const v2 = documents.v2();

function at(document: Json | undefined, ...steps: string[]): unknown {
  let value: unknown = document;
  for (const step of steps) value = (value as Json | undefined)?.[step];
  return value;
}

describe('v2', () => {
  it('has a definition for every reference', () => {
    expect(danglingReferences(v2)).toEqual([]);
  });

  it('describes operations as upstream does', () => {
    expect(at(v2, 'paths', '/api/v1/namespaces/{namespace}/pods', 'get')).toMatchObject({
      operationId: 'listCoreV1NamespacedPod',
      tags: ['core_v1'],
      'x-kubernetes-action': 'list',
      'x-kubernetes-group-version-kind': { group: '', kind: 'Pod', version: 'v1' },
      responses: { 200: { schema: { $ref: '#/definitions/io.k8s.api.core.v1.PodList' } } },
    });
    expect(at(v2, 'paths', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale', 'put')).toMatchObject({
      operationId: 'replaceAppsV1NamespacedDeploymentScale',
      'x-kubernetes-group-version-kind': { group: 'autoscaling', kind: 'Scale', version: 'v1' },
    });
    expect(at(v2, 'paths', '/api/v1/namespaces/{namespace}/pods/{name}/exec', 'post', 'operationId')).toBe(
      'connectCoreV1PostNamespacedPodExec',
    );
    expect(at(v2, 'paths', '/apis/rbac.authorization.k8s.io/v1/clusterroles', 'post', 'operationId')).toBe(
      'createRbacAuthorizationV1ClusterRole',
    );
  });

  it('names dryRun in place in every patch, where old clients look for it', () => {
    for (const item of Object.values(v2['paths'] as Json)) {
      const patch = (item as Json)['patch'] as Json | undefined;
      if (patch && patch['x-kubernetes-action'] === 'patch')
        expect(patch['parameters']).toContainEqual(expect.objectContaining({ name: 'dryRun', in: 'query' }));
    }
  });

  it('names every operation once', () => {
    const ids = Object.values(v2['paths'] as Json).flatMap((item) =>
      Object.values(item as Json).flatMap(
        (operation) => ((operation as Json)['operationId'] as string | undefined) ?? [],
      ),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes fields and kinds', () => {
    const pod = at(v2, 'definitions', 'io.k8s.api.core.v1.Pod');
    expect(pod).toMatchObject({
      description: expect.stringContaining('Pod is a collection of containers'),
      'x-kubernetes-group-version-kind': [{ group: '', kind: 'Pod', version: 'v1' }],
    });
    expect(at(v2, 'definitions', 'io.k8s.api.core.v1.PodSpec', 'properties', 'containers')).toMatchObject({
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-list-type': 'map',
    });
    const port = at(v2, 'definitions', 'io.k8s.api.core.v1.ContainerPort', 'properties', 'protocol');
    expect(Object.keys(port as Json)).toEqual(['description', 'type', 'enum']);
  });
});

describe('v3', () => {
  it('has documents at upstream’s paths, each with a definition for every reference', () => {
    expect(documents.v3Paths()).toEqual(
      expect.arrayContaining(['api', 'api/v1', 'apis', 'apis/apps', 'apis/apps/v1', 'version']),
    );
    for (const path of documents.v3Paths()) {
      const document = documents.v3(path);
      expect(document).toBeDefined();
      expect([path, danglingReferences(document ?? {})]).toEqual([path, []]);
    }
  });

  it('puts nothing beside a reference', () => {
    const core = documents.v3('api/v1');
    expect(at(core, 'components', 'schemas', 'io.k8s.api.core.v1.Pod', 'properties', 'spec')).toMatchObject({
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
      default: {},
    });
  });

  it('keeps the defaults of list keys and says what may be a number', () => {
    const schemas = at(documents.v3('api/v1'), 'components', 'schemas') as Json;
    expect(at(schemas, 'io.k8s.api.core.v1.ContainerPort', 'properties', 'protocol', 'default')).toBe('TCP');
    expect(at(schemas, 'io.k8s.apimachinery.pkg.util.intstr.IntOrString', 'oneOf')).toEqual([
      { type: 'integer' },
      { type: 'string' },
    ]);
  });

  it('has no document at other paths', () => {
    expect(documents.v3('apis/nope/v1')).toBeUndefined();
    expect(documents.v3('__proto__')).toBeUndefined();
  });
});

describe('v2 as protobuf', () => {
  /** Fields of a message: number to the payloads of length-delimited fields. */
  function fields(bytes: Buffer): Map<number, Buffer[]> {
    const found = new Map<number, Buffer[]>();
    let offset = 0;
    const varint = (): number => {
      let value = 0;
      let shift = 0;
      for (;;) {
        const byte = bytes[offset++] ?? 0;
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
        shift += 7;
      }
    };
    while (offset < bytes.length) {
      const key = varint();
      if ((key & 7) === 0) {
        varint();
        continue;
      }
      const length = varint();
      const number = key >>> 3;
      found.set(number, [...(found.get(number) ?? []), bytes.subarray(offset, offset + length)]);
      offset += length;
    }
    return found;
  }

  const document = fields(documents.v2Protobuf());

  it('holds every definition and path under its name', () => {
    const names = (field: number, inner: number): string[] =>
      (fields(document.get(field)?.[0] ?? Buffer.alloc(0)).get(inner) ?? []).map((each) =>
        String(fields(each).get(1)?.[0]),
      );
    expect(names(9, 1)).toEqual(Object.keys(v2['definitions'] as Json));
    expect(names(8, 2)).toEqual(Object.keys(v2['paths'] as Json));
  });

  it('says the version', () => {
    expect(String(document.get(1)?.[0])).toBe('2.0');
    expect(String(fields(document.get(2)?.[0] ?? Buffer.alloc(0)).get(2)?.[0])).toBe('v1.34.0');
  });
});
