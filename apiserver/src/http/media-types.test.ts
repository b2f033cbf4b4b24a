import { negotiateError, negotiateInput, negotiateOutput, negotiatePatch } from './media-types.js';

const out = (accept: string | undefined) => negotiateOutput(accept, { projections: true, protobuf: true });

describe('negotiateOutput', () => {
  it.each([
    [undefined, 'json', 'object'],
    ['*/*', 'json', 'object'],
    ['application/json, */*', 'json', 'object'],
    ['application/yaml', 'yaml', 'object'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json', 'object'],
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf', 'object'],
    ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'protobuf', 'metadata'],
    ['application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', 'object'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', 'table'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'json', 'table'],
    ['application/json;as=Unknown;v=v1;g=meta.k8s.io,application/json', 'json', 'object'],
    ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'json', 'metadata'],
    ['application/json;q=0.1,application/yaml;q=0.9', 'yaml', 'object'],
  ])('%s', (accept, encoding, projection) => {
    expect(out(accept)).toMatchObject({ encoding, projection });
  });

  it.each([
    'text/plain',
    'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
    'application/json;as=Table;v=v9;g=meta.k8s.io',
    ',',
  ])('answers 406 to %s', (accept) => {
    expect(() => out(accept)).toThrow(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });

  it('offers protobuf only for kinds that have it, but their metadata always', () => {
    const custom = (accept: string) => negotiateOutput(accept, { projections: true, protobuf: false });
    const type = 'application/vnd.kubernetes.protobuf';
    expect(custom(`${type},application/json`).encoding).toBe('json');
    expect(custom(`${type};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`).encoding).toBe('protobuf');
    expect(() => custom(type)).toThrow(/accepted: application\/json, application\/yaml$/);
  });

  it('streams no YAML', () => {
    const watch = (accept: string) => negotiateOutput(accept, { projections: true, protobuf: true, watch: true });
    expect(watch('application/vnd.kubernetes.protobuf;stream=watch').encoding).toBe('protobuf');
    expect(() => watch('application/yaml')).toThrow(
      'accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    );
  });

  it('answers errors in any case', () => {
    expect(negotiateError('application/vnd.kubernetes.protobuf, */*')).toBe('protobuf');
    expect(negotiateError('text/html')).toBe('json');
    expect(negotiateError(undefined)).toBe('json');
  });

  it('offers no projections where there are none', () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(() => negotiateOutput(accept, { projections: false, protobuf: true })).toThrow(
      'only the following media types',
    );
  });
});

describe('bodies', () => {
  it('knows what it can read', () => {
    expect(negotiateInput(undefined, { protobuf: true })).toBe('json');
    expect(negotiateInput('Application/JSON; charset=utf-8', { protobuf: true })).toBe('json');
    expect(negotiateInput('application/yaml', { protobuf: true })).toBe('yaml');
    expect(negotiateInput('application/vnd.kubernetes.protobuf', { protobuf: true })).toBe('protobuf');
    expect(() => negotiateInput('text/plain', { protobuf: true })).toThrow(
      'the body of the request was in an unknown format',
    );
  });

  it('knows patches by their media type', () => {
    expect(negotiatePatch('application/merge-patch+json; charset=utf-8')).toBe('merge');
    expect(negotiatePatch('application/apply-patch+yaml')).toBe('apply');
    expect(() => negotiatePatch('application/json')).toThrow('application/strategic-merge-patch+json');
    expect(() => negotiatePatch('constructor')).toThrow('unknown format');
  });
});
