import type { Model } from './client-models.js';
import { assignFullNames, plainName, typeName } from './names.js';

const model = (name: string, ...fields: [string, string][]): [string, Model] => [
  name,
  {
    name,
    description: '',
    fields: fields.map(([field, type]) => ({ name: field, type, format: '', required: false, description: '' })),
  },
];

test.each([
  ['V1PodSpec', 'PodSpec'],
  ['CoreV1Event', 'Event'],
  ['AdmissionregistrationV1ServiceReference', 'ServiceReference'],
  ['ApiextensionsV1ServiceReference', 'ServiceReference'],
  ['AuthenticationV1TokenRequest', 'TokenRequest'],
  ['V2MetricSpec', 'MetricSpec'],
  ['V1APIService', 'APIService'],
  ['VersionInfo', 'VersionInfo'],
])('the plain name of %s is %s', (name, plain) => {
  expect(plainName(name)).toBe(plain);
});

test('types of two versions get different names', () => {
  const models = new Map([model('V1Scale'), model('V2Scale'), model('V2Metric'), model('CoreV1Event')]);
  expect([...models.keys()].map((name) => typeName(name, models))).toEqual(['Scale', 'ScaleV2', 'Metric', 'Event']);
});

test('a model belongs to the first group that reaches it', () => {
  const models = new Map([
    model('V1Pod', ['spec', 'V1PodSpec']),
    model('V1PodSpec', ['containers', 'Array<V1Container>']),
    model('V1Container'),
    model(
      'V1Deployment',
      ['template', 'V1PodSpec'],
      ['strategy', '{ [key: string]: V1Strategy; }'],
      ['self', 'V1Deployment'],
    ),
    model('V1Strategy'),
  ]);
  const roots = new Map([
    ['CoreV1Api', ['V1Pod']],
    ['AppsV1Api', ['V1Deployment']],
  ]);
  const names = assignFullNames(models, roots);
  expect(names.get('V1Container')).toBe('io.k8s.api.core.v1.Container');
  expect(names.get('V1PodSpec')).toBe('io.k8s.api.core.v1.PodSpec');
  expect(names.get('V1Strategy')).toBe('io.k8s.api.apps.v1.Strategy');
});
