import type { Pod } from '../types.js';
import { adoptAppArmorAnnotations } from './app-armor.js';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';

function adopt(annotations: Record<string, string>, spec: object = {}) {
  const pod = {
    metadata: { name: 'p', annotations },
    spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }], ...spec },
  } as unknown as Pod;
  const warnings: string[] = [];
  adoptAppArmorAnnotations(pod, (message) => warnings.push(message));
  const profiles = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
    ({ securityContext }) => securityContext?.appArmorProfile,
  );
  return { profiles, warnings };
}
const warning = (name: string): string =>
  `metadata.annotations[${prefix}${name}]: deprecated since v1.30; use the "appArmorProfile" field instead`;

test.each<[string, object]>([
  ['unconfined', { type: 'Unconfined' }],
  ['runtime/default', { type: 'RuntimeDefault' }],
  ['localhost/mine', { type: 'Localhost', localhostProfile: 'mine' }],
])('%s becomes the field', (annotation, profile) => {
  expect(adopt({ [`${prefix}a`]: annotation })).toEqual({ profiles: [undefined, profile], warnings: [warning('a')] });
  expect(adopt({ [`${prefix}i`]: annotation })).toEqual({ profiles: [profile, undefined], warnings: [warning('i')] });
});

test.each(['', 'localhost/', 'localhost/ x', 'what'])('%j becomes nothing, with a warning', (annotation) => {
  expect(adopt({ [`${prefix}a`]: annotation })).toEqual({
    profiles: [undefined, undefined],
    warnings: [warning('a')],
  });
});

test('a field that is there stays', () => {
  const containers = [{ name: 'a', securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }];
  const { profiles, warnings } = adopt({ [`${prefix}a`]: 'unconfined' }, { containers });
  expect([profiles[1], warnings]).toEqual([{ type: 'RuntimeDefault' }, []]);
});

test('what the whole pod has, and what Windows has not, is not repeated', () => {
  const securityContext = { appArmorProfile: { type: 'Unconfined' } };
  const none = { profiles: [undefined, undefined], warnings: [] };
  expect(adopt({ [`${prefix}a`]: 'unconfined' }, { securityContext })).toEqual(none);
  expect(adopt({ [`${prefix}a`]: 'unconfined' }, { os: { name: 'windows' } })).toEqual(none);
});
