import { createErrors, updateErrors } from '../testing.js';
import { ingressClass } from './ingress-class.js';

const controller = 'example.com/ingress';
const withParameters = (parameters: object): string[] =>
  createErrors(ingressClass, { spec: { controller, parameters } });

describe('ingress class', () => {
  test('a controller is a domain-prefixed path', () => {
    const errors = (value: string): string[] => createErrors(ingressClass, { spec: { controller: value } });
    expect(errors(controller)).toEqual([]);
    expect(errors('')).toEqual(['spec.controller: Required value']);
    expect(errors('nginx')).toEqual([
      'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")',
    ]);
    expect(errors('A/b')[0]).toMatch(/^spec.controller: Invalid value: "A": a lowercase RFC 1123 subdomain/);
    expect(errors('a.io/b c')[0]).toMatch(/^spec.controller: Invalid value: "b c": Invalid path/);
  });

  test('parameters of a cluster', () => {
    expect(withParameters({ kind: 'Set', name: 'a', apiGroup: 'example.com' })).toEqual([]);
    expect(withParameters({ kind: '', name: 'a/b', apiGroup: 'No', scope: 'Cluster', namespace: 'x' })).toEqual([
      expect.stringMatching(/^spec.parameters.apiGroup: Invalid value: "No": a lowercase RFC 1123 subdomain/),
      'spec.parameters.kind: Required value: kind is required',
      `spec.parameters.name: Invalid value: "a/b": may not contain '/'`,
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
    ]);
  });

  test('parameters of a namespace', () => {
    const parameters = { kind: 'Set', name: 'a', scope: 'Namespace' };
    expect(withParameters({ ...parameters, namespace: 'x' })).toEqual([]);
    expect(withParameters(parameters)).toEqual([
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ]);
    expect(withParameters({ ...parameters, namespace: 'X' })[0]).toMatch(/^spec.parameters.namespace: Invalid value/);
    expect(withParameters({ ...parameters, scope: 'Pod' })).toEqual([
      'spec.parameters.scope: Unsupported value: "Pod": supported values: "Cluster", "Namespace"',
    ]);
  });

  test('the controller stays', () => {
    expect(updateErrors(ingressClass, { spec: { controller } }, { spec: { controller: 'other.io/x' } })).toEqual([
      'spec.controller: Invalid value: "other.io/x": field is immutable',
    ]);
  });
});
