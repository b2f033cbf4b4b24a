/** Approves the certificate requests of nodes, signs approved ones, and removes old ones. */

import type { ResourceType } from '@kubelab/api/resource';
import { certificateSigningRequests as csrType, nodes } from '@kubelab/api/resource-types';
import type { CertificateSigningRequest } from '@kubelab/api/types';
import type { KubeObject } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { timestamp } from '@kubelab/component/clock';
import { readConfigFile } from '@kubelab/component/files';
import type { Controller } from '@kubelab/controller/loop';
import { TerminalError } from '@kubelab/controller/reconciler';
import { type ControllerDefinition, createLoop, type ManagerContext } from '../manager/context.js';
import { CertificateAuthority, certificateEnd, readRequest } from './authority.js';
import {
  apiClientSigner,
  clientAccess,
  clientSigner,
  isApproved,
  isDecided,
  isOwnServingRequest,
  isStale,
  lifetimeSeconds,
  type RequestedIdentity,
  servingSigner,
  signingProblem,
} from './plan.js';

const cleanPeriodMs = 60 * 60_000;
const deniedRecheckMs = 10_000;

interface SubjectAccessReview extends KubeObject {
  spec: Record<string, unknown>;
  status?: { allowed?: boolean };
}
const subjectAccessReviews: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

function feed(context: ManagerContext, loop: Controller): Controller {
  const enqueue = ({ metadata }: CertificateSigningRequest): void => loop.enqueue(metadata.name);
  context.informers.of(csrType).addHandlers({ onAdd: enqueue, onUpdate: (_old, csr) => enqueue(csr) });
  return loop;
}

export const certificateApprover: ControllerDefinition = {
  name: 'certificatesigningrequest-approving-controller',
  serviceAccount: 'certificate-controller',
  enabled: () => true,
  create: (context) => {
    const requests = context.informers.of(csrType);
    const allNodes = context.informers.of(nodes);
    const loop = createLoop(context, 'csrapproving', {
      reconcile: async (name) => {
        const csr = requests.get(name);
        if (!csr || isDecided(csr) || ![clientSigner, servingSigner].includes(csr.spec.signerName)) return {};
        const { identity } = await readRequest(csr.spec.request).catch((error: unknown) => {
          throw new TerminalError('the certificate request cannot be read', { cause: error });
        });
        const accesses = clientAccess(csr, identity);
        if (accesses.length > 0) {
          for (const access of accesses) {
            if (!(await isAllowed(context, csr, access))) continue;
            const whose = access === 'selfnodeclient' ? 'self ' : '';
            await approve(context, csr, `Auto approving ${whose}kubelet client certificate after SubjectAccessReview.`);
            return {};
          }
          // The rights may be given later.
          return { requeueAfterMs: deniedRecheckMs };
        }
        if (isOwnServingRequest(csr, identity, allNodes.get(nodeName(identity)))) {
          await approve(context, csr, 'Auto approving kubelet serving certificate for the addresses of its node.');
        } else if (csr.spec.signerName === servingSigner && csr.spec.username === identity.commonName) {
          // The node may have reported its new address a moment ago.
          return { requeueAfterMs: 2000 };
        }
        return {};
      },
    });
    return feed(context, loop);
  },
};

function nodeName({ commonName }: RequestedIdentity): string {
  return commonName.replace(/^system:node:/, '');
}

async function isAllowed(
  { client }: ManagerContext,
  csr: CertificateSigningRequest,
  subresource: string,
): Promise<boolean> {
  const { username = '', uid, groups = [], extra } = csr.spec;
  const review = await client.create(subjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: username,
      groups,
      ...(uid ? { uid } : {}),
      ...(extra ? { extra } : {}),
      resourceAttributes: {
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
      },
    },
  });
  return review.status?.allowed === true;
}

async function approve(
  { client, clock }: ManagerContext,
  csr: CertificateSigningRequest,
  message: string,
): Promise<void> {
  const now = timestamp(clock);
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const conditions = [...(csr.status?.conditions ?? []), condition];
  await client.updateSubresource(csrType, csr.metadata.name, undefined, 'approval', {
    ...csr,
    status: { ...csr.status, conditions },
  });
}

/** The signer will not sign this, whoever approved it. */
async function fail({ client, clock }: ManagerContext, csr: CertificateSigningRequest, message: string): Promise<void> {
  const now = timestamp(clock);
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  await client.updateStatus(csrType, {
    ...csr,
    status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] },
  });
}

export const certificateSigner: ControllerDefinition = {
  name: 'certificatesigningrequest-signing-controller',
  serviceAccount: 'certificate-controller',
  enabled: (config) => config['cluster-signing-cert-file'] !== '',
  create: (context) => {
    const { client, clock, config, informers } = context;
    const requests = informers.of(csrType);
    const authority = new CertificateAuthority({
      cert: readConfigFile('cluster-signing-cert-file', config['cluster-signing-cert-file']),
      key: readConfigFile('cluster-signing-key-file', config['cluster-signing-key-file']),
    });
    const loop = createLoop(context, 'csrsigning', {
      reconcile: async (name) => {
        const csr = requests.get(name);
        if (!csr || !isApproved(csr) || csr.status?.certificate) return {};
        if (![clientSigner, servingSigner, apiClientSigner].includes(csr.spec.signerName)) return {};
        const { csr: request, identity } = await readRequest(csr.spec.request);
        const problem = signingProblem(csr, identity);
        if (problem !== undefined) {
          await fail(context, csr, problem);
          return {};
        }
        const pem = await authority.sign(request, {
          usages: csr.spec.usages ?? [],
          lifetimeSeconds: lifetimeSeconds(csr, config['cluster-signing-duration']),
          nowMs: clock.now(),
        });
        await client.updateStatus(csrType, {
          ...csr,
          status: { ...csr.status, certificate: Buffer.from(pem).toString('base64') },
        });
        return {};
      },
    });
    return feed(context, loop);
  },
};

export const certificateCleaner: ControllerDefinition = {
  name: 'certificatesigningrequest-cleaner-controller',
  serviceAccount: 'certificate-controller',
  enabled: () => true,
  create: ({ client, informers, clock, logger }) => {
    const requests = informers.of(csrType);
    const clean = async (): Promise<void> => {
      for (const { metadata } of requests
        .list()
        .filter((csr) => isStale(csr, clock.now(), certificateEnd(csr.status?.certificate)))) {
        await client
          .delete(csrType, metadata.name, undefined, { preconditions: { uid: metadata.uid } })
          .catch((error: unknown) => {
            if (!isNotFound(error) && !isConflict(error)) throw error;
          });
      }
    };
    return {
      run: async (signal) => {
        while (!signal.aborted) {
          await clean().catch((error: unknown) =>
            logger.warn('Old certificate requests could not be removed', { error }),
          );
          await clock.sleep(cleanPeriodMs, signal).catch(() => undefined);
        }
      },
    };
  },
};
