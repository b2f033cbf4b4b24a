/** --allow-privileged=false: upstream's validation refuses privileged containers in pods and pod templates. */

import { type FieldError, forbiddenField, invalidObject } from '@kubelab/apimachinery/field-error';
import { isObject } from '@kubelab/apimachinery/json';
import type { AdmissionPlugin } from '../contracts.js';

/** Where kinds have pod specs. */
const specPaths = ['spec', 'template.spec', 'spec.template.spec', 'spec.jobTemplate.spec.template.spec'];
const lists = ['containers', 'initContainers', 'ephemeralContainers'];

export const withoutPrivilegedContainers: AdmissionPlugin = {
  name: 'AllowPrivileged',
  validate({ operation, object, definition }) {
    if (!object || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const errors = specPaths.flatMap((path) => findPrivileged(valueAt(object, path), path));
    if (errors.length > 0) throw invalidObject(definition, object.metadata.name ?? '', errors);
  },
};

function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), object);
}

function findPrivileged(spec: unknown, path: string): FieldError[] {
  if (!isObject(spec)) return [];
  return lists.flatMap((list) => {
    const containers = spec[list];
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((container: unknown, index) =>
      valueAt(container, 'securityContext.privileged') === true
        ? [forbiddenField(`${path}.${list}[${index}].securityContext.privileged`, 'disallowed by cluster policy')]
        : [],
    );
  });
}
