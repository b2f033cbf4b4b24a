import { negotiateInput, negotiateOutput, negotiatePatch } from './media-types.js';

const out = (accept: string | undefined) => negotiateOutput(accept, { projections: true });

describe('negotiateOutput', () => {
  it.each([
    [undefined, 'json', 'object'],
    ['*/*', 'json', 'object'],
    ['application/json, */*', 'json', 'object'],
    ['application/yaml', 'yaml', 'object'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json', 'object'],
    ['application/vnd.kubernetes.protobuf,application/json', 'json', 'object'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json', 'table'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'json', 'table'],
    ['application/json;as=Unknown;v=v1;g=meta.k8s.io,application/json', 'json', 'object'],
    ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'json', 'metadata'],
    ['application/json;q=0.1,application/yaml;q=0.9', 'yaml', 'object'],
  ])('%s', (accept, encoding, projection) => {
    expect(out(accept)).toMatchObject({ encoding, projection });
  });

  it.each(['application/vnd.kubernetes.protobuf', 'text/plain', 'application/json;as=Table;v=v9;g=meta.k8s.io', ','])(
    'answers 406 to %s',
    (accept) => {
      expect(() => out(accept)).toThrow(
        'only the following media types are accepted: application/json, application/yaml',
      );
    },
  );

  it('offers no projections where there are none', () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    expect(() => negotiateOutput(accept, { projections: false })).toThrow('only the following media types');
  });
});

describe('bodies', () => {
  it('knows what it can read', () => {
    expect(negotiateInput(undefined)).toBe('json');
    expect(negotiateInput('Application/JSON; charset=utf-8')).toBe('json');
    expect(negotiateInput('application/yaml')).toBe('yaml');
    expect(negotiateInput('application/vnd.kubernetes.protobuf')).toBe('protobuf');
    expect(() => negotiateInput('text/plain')).toThrow('the body of the request was in an unknown format');
  });

  it('knows patches by their media type', () => {
    expect(negotiatePatch('application/merge-patch+json; charset=utf-8')).toBe('merge');
    expect(negotiatePatch('application/apply-patch+yaml')).toBe('apply');
    expect(() => negotiatePatch('application/json')).toThrow('application/strategic-merge-patch+json');
    expect(() => negotiatePatch('constructor')).toThrow('unknown format');
  });
});
