/** Ingresses without a class get the one that is marked as default. */

import type { Ingress, IngressClass } from '@kubelab/api/types';
import type { AdmissionPlugin, ObjectAccess } from '../contracts.js';
import { isMain } from './refusal.js';

const classesResource = { group: 'networking.k8s.io', resource: 'ingressclasses' };
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';
const oldClassAnnotation = 'kubernetes.io/ingress.class';

export function createDefaultIngressClass({ objects }: { objects: ObjectAccess }): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    admit(request) {
      if (request.operation !== 'CREATE' || !isMain(request, 'networking.k8s.io', 'ingresses') || !request.object)
        return;
      const ingress = request.object as unknown as Ingress;
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata.annotations?.[oldClassAnnotation] !== undefined) return;
      const [newest] = objects
        .peekAll<IngressClass>(classesResource)
        .filter((candidate) => candidate.metadata.annotations?.[defaultAnnotation] === 'true')
        .sort((left, right) => right.metadata.creationTimestamp.localeCompare(left.metadata.creationTimestamp));
      if (!newest) return;
      ingress.spec ??= {};
      ingress.spec.ingressClassName = newest.metadata.name;
    },
  };
}
