import { JsonPathError, parseJsonPath } from './json-path.js';

const object = {
  metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'web' } },
  spec: { replicas: 0, ports: [{ port: 80 }, { port: 443 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
    ok: false,
  },
};

describe('parseJsonPath', () => {
  test.each([
    ['.metadata.name', ['a']],
    ['{.metadata.name}', ['a']],
    ['$.spec.replicas', [0]],
    ['.status.ok', [false]],
    ['.spec.ports[0].port', [80]],
    ['.spec.ports[-1].port', [443]],
    ['.spec.ports[*].port', [80, 443]],
    ['.spec.ports[5].port', []],
    [".metadata.labels['app.kubernetes.io/name']", ['web']],
    ['.metadata.labels.app\\.kubernetes\\.io/name', ['web']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type!='Ready')].status", ['False']],
    ['.spec.ports[?(@.port==443)].port', [443]],
    ['.missing.field', []],
    ['.metadata.constructor', []],
  ])('%s', (path, expected) => {
    expect(parseJsonPath(path).find(object)).toEqual(expected);
  });

  test.each(['', 'spec', '..name', '.a[', '.a[1:2]', '.a[?(@.x > 3)]', '.a[x]', '.a{b}'])('%j is refused', (path) => {
    expect(() => parseJsonPath(path)).toThrow(JsonPathError);
  });
});
