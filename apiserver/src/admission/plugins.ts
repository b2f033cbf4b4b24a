/** The admission plugins of this server, in upstream's order. */

import type { Clock } from '@kubelab/component/clock';
import type { AdmissionPlugin, Authorizer, ObjectAccess } from '../contracts.js';
import {
  certificateRequester,
  certificateSubjectRestriction,
  createCertificateApproval,
  createCertificateSigning,
} from './certificate-plugins.js';
import { createDefaultIngressClass } from './default-ingress-class.js';
import { createDefaultTolerationSeconds } from './default-toleration-seconds.js';
import { createLimitRanger } from './limit-ranger.js';
import { createNamespaceLifecycle } from './namespace-lifecycle.js';
import { createNodeRestriction } from './node-restriction.js';
import { taintNodesByCondition } from './node-taint.js';
import { createPodSecurity } from './pod-security/pod-security.js';
import { createPriority } from './priority.js';
import { createResourceQuota } from './quota/resource-quota.js';
import { createRuntimeClass } from './runtime-class.js';
import { createServiceAccountPlugin } from './service-account.js';
import { createClaimResize, createDefaultStorageClass, storageObjectInUseProtection } from './storage-plugins.js';

export interface AdmissionOptions {
  objects: ObjectAccess;
  authorizer: Authorizer;
  clock: Clock;
  /** --default-not-ready-toleration-seconds: 300. */
  notReadyTolerationSeconds: number;
  /** --default-unreachable-toleration-seconds: 300. */
  unreachableTolerationSeconds: number;
  /** --enable-admission-plugins, beside the default ones. */
  enable?: readonly string[];
  /** --disable-admission-plugins. */
  disable?: readonly string[];
  /** Run before all others; what upstream does in the registry before validation (service-room.ts). */
  before?: readonly AdmissionPlugin[];
  /** Run after all others; what upstream checks in the registry (the escalation check of rbac). */
  after?: readonly AdmissionPlugin[];
}

/** Throws when a plugin to be switched on or off is unknown. */
export function defaultAdmissionPlugins(options: AdmissionOptions): AdmissionPlugin[] {
  const known = allPlugins(options);
  checkNames('enable-admission-plugins', options.enable ?? [], known);
  checkNames('disable-admission-plugins', options.disable ?? [], known);
  const enabled = known.filter(({ name }) => options.enable?.includes(name) || !options.disable?.includes(name));
  return [...(options.before ?? []), certificateRequester, ...enabled, ...(options.after ?? [])];
}

/** Every plugin here is on by default; NodeRestriction, which upstream leaves to the administrator, too. */
function allPlugins(options: AdmissionOptions): AdmissionPlugin[] {
  const { objects, authorizer, clock } = options;
  return [
    createNamespaceLifecycle({ objects, clock }),
    createLimitRanger({ objects }),
    createServiceAccountPlugin({ objects, clock }),
    createNodeRestriction({ objects, authorizer }),
    taintNodesByCondition,
    createPodSecurity({ objects }),
    createPriority({ objects }),
    createDefaultTolerationSeconds({
      notReadySeconds: options.notReadyTolerationSeconds,
      unreachableSeconds: options.unreachableTolerationSeconds,
    }),
    createDefaultStorageClass({ objects }),
    storageObjectInUseProtection,
    createClaimResize({ objects }),
    createRuntimeClass({ objects }),
    createCertificateApproval({ authorizer }),
    createCertificateSigning({ authorizer }),
    certificateSubjectRestriction,
    createDefaultIngressClass({ objects }),
    createResourceQuota({ objects, clock }),
  ];
}

function checkNames(flag: string, names: readonly string[], known: readonly AdmissionPlugin[]): void {
  for (const name of names) {
    if (!known.some((plugin) => plugin.name === name))
      throw new Error(`${flag} plugin ${JSON.stringify(name)} is unknown`);
  }
}
