import {
  builtinSchema,
  compileSchema,
  DecodeError,
  strictDecodingText,
  undecodable,
  unknownFieldText,
} from './schema-validation.js';

const pod = builtinSchema('io.k8s.api.core.v1.Pod');
const deployment = builtinSchema('io.k8s.api.apps.v1.Deployment');

function decodeFailure(schema: typeof pod, object: Record<string, unknown>): string {
  try {
    schema.conform(object);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return 'accepted';
}

const podOf = (container: unknown): Record<string, unknown> => ({ spec: { containers: [container] } });

describe('conform', () => {
  it('drops unknown fields and names them with their indices', () => {
    const object = { kind: 'Pod', foo: 1, spec: { bar: {}, containers: [{ name: 'a' }, { name: 'b', imagee: 'x' }] } };
    expect(pod.conform(object)).toEqual(['foo', 'spec.bar', 'spec.containers[1].imagee']);
    expect(object).toEqual({ kind: 'Pod', spec: { containers: [{ name: 'a' }, { name: 'b' }] } });
  });

  it('treats null as absent', () => {
    const object = {
      metadata: { creationTimestamp: null, labels: { a: null } },
      spec: { containers: [null], volumes: null },
    };
    expect(pod.conform(object)).toEqual([]);
    expect(object).toEqual({ metadata: { labels: { a: '' } }, spec: { containers: [{}] } });
  });

  it('drops empty optional lists and maps, keeps required ones and empty objects', () => {
    const object = { metadata: { annotations: {} }, spec: { containers: [], tolerations: [], securityContext: {} } };
    pod.conform(object);
    expect(object).toEqual({ metadata: {}, spec: { containers: [], securityContext: {} } });
  });

  it('writes quantities and times in their canonical form', () => {
    const object = {
      metadata: { creationTimestamp: '2024-05-01T12:00:00+02:00' },
      spec: { containers: [{ resources: { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } } }] },
    };
    pod.conform(object);
    expect(object.metadata.creationTimestamp).toBe('2024-05-01T10:00:00Z');
    expect(object.spec.containers[0]?.resources).toEqual({
      limits: { cpu: '500m', memory: '1Gi' },
      requests: { cpu: '1' },
    });
  });

  it('leaves raw JSON alone', () => {
    const revision = { data: { any: [null, {}, []] }, revision: 1 };
    expect(builtinSchema('io.k8s.api.apps.v1.ControllerRevision').conform(revision)).toEqual([]);
    expect(revision.data).toEqual({ any: [null, {}, []] });
    const metadata = { managedFields: [{ fieldsV1: { 'f:data': { '.': {} } } }] };
    expect(pod.conform({ metadata })).toEqual([]);
    expect(metadata.managedFields[0]?.fieldsV1).toEqual({ 'f:data': { '.': {} } });
  });

  it('keeps objects that have no fields, without those that they are given', () => {
    const schema = builtinSchema('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources');
    const object = { status: { nope: 1 } };
    expect(schema.conform(object)).toEqual(['status.nope']);
    expect(object).toEqual({ status: {} });
  });

  it('follows definitions that contain themselves', () => {
    const schema = builtinSchema('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps');
    const object = { properties: { a: { not: { type: 'x', nope: 1 } } } };
    expect(schema.conform(object)).toEqual(['properties.a.not.nope']);
  });
});

describe('wrong types', () => {
  it.each([
    [
      deployment,
      { spec: { template: { spec: { containers: [{ ports: [{ containerPort: 'http' }] }] } } } },
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32',
    ],
    [
      deployment,
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      { spec: { replicas: 2 ** 31 } },
      'json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [pod, { spec: 'x' }, 'json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec'],
    [
      pod,
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      pod,
      { spec: { containers: ['x'] } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container',
    ],
    [
      pod,
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      pod,
      { metadata: { labels: [] } },
      'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [
      pod,
      podOf({ stdin: 'yes' }),
      'json: cannot unmarshal string into Go struct field Container.spec.containers.stdin of type bool',
    ],
    [
      pod,
      podOf({ resources: { limits: { cpu: 'lots' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      pod,
      podOf({ livenessProbe: { httpGet: { port: true } } }),
      'json: cannot unmarshal bool into Go value of type int32',
    ],
    [builtinSchema('io.k8s.api.core.v1.Secret'), { data: { a: 'a' } }, 'illegal base64 data at input byte 0'],
    [builtinSchema('io.k8s.api.core.v1.Secret'), { data: { a: 'abc$' } }, 'illegal base64 data at input byte 3'],
  ])('%#', (schema, object, message) => {
    expect(decodeFailure(schema, object)).toBe(message);
  });

  it('refuses a time that is none', () => {
    const object = { metadata: { creationTimestamp: 'yesterday' } };
    expect(decodeFailure(pod, object)).toContain('parsing time "yesterday" as "2006-01-02T15:04:05Z07:00"');
  });
});

describe('messages', () => {
  it('words strict errors as kubectl shows them', () => {
    const error = undecodable('Pod', 'v1', strictDecodingText([unknownFieldText('spec.foo'), unknownFieldText('bar')]));
    expect(error.code).toBe(400);
    expect(error.message).toBe(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo", unknown field "bar"',
    );
  });

  it('fails for a definition that does not exist', () => {
    expect(() => compileSchema('nope', {})).toThrow('there is no definition nope');
  });
});
