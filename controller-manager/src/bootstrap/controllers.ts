/** Signs cluster-info with the bootstrap tokens there are, and removes those that have ended. */

import { configMaps, secrets as secretType } from '@kubelab/api/resource-types';
import type { Secret } from '@kubelab/api/types';
import { objectKey } from '@kubelab/apimachinery/meta';
import { isConflict, isNotFound } from '@kubelab/apimachinery/status-error';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { signedData } from './signature.js';
import { isTokenSecret, signingToken, tokenNamespace, untilExpired } from './token-secret.js';

const clusterInfo = 'kube-public/cluster-info';

export const bootstrapSigner: ControllerDefinition = {
  name: 'bootstrap-signer-controller',
  serviceAccount: 'bootstrap-signer',
  // As upstream: only for clusters that nodes join with kubeadm's discovery.
  enabled: () => false,
  create: (context) => {
    const { client, clock, informers } = context;
    const maps = informers.of(configMaps);
    const secrets = informers.of(secretType);
    const loop = createLoop(context, 'bootstrap_signer', {
      reconcile: async (key) => {
        const map = maps.get(key);
        if (!map) return {};
        const tokens = secrets.list(tokenNamespace).flatMap((secret) => signingToken(secret, clock.now()) ?? []);
        const data = signedData(map, tokens);
        if (data) await client.update(configMaps, { ...map, data });
        return {};
      },
    });
    const enqueue = (secret: Secret): void => {
      if (isTokenSecret(secret)) loop.enqueue(clusterInfo);
    };
    secrets.addHandlers({ onAdd: enqueue, onUpdate: (_old, secret) => enqueue(secret), onDelete: enqueue });
    const check = (map: Parameters<typeof objectKey>[0]): void => {
      if (objectKey(map) === clusterInfo) loop.enqueue(clusterInfo);
    };
    maps.addHandlers({ onAdd: check, onUpdate: (_old, map) => check(map) });
    return loop;
  },
};

export const tokenCleaner: ControllerDefinition = {
  name: 'token-cleaner-controller',
  serviceAccount: 'token-cleaner',
  enabled: () => false,
  create: (context) => {
    const { client, clock, informers } = context;
    const secrets = informers.of(secretType);
    const loop = createLoop(context, 'token_cleaner', {
      reconcile: async (key) => {
        const secret = secrets.get(key);
        if (!secret || !isTokenSecret(secret)) return {};
        const left = untilExpired(secret, clock.now());
        if (left === undefined) return {};
        if (left > 0) return { requeueAfterMs: left };
        const { name, namespace, uid, resourceVersion } = secret.metadata;
        try {
          // Unless its end was moved a moment ago.
          await client.delete(secretType, name, namespace, { preconditions: { uid, resourceVersion } });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
        return {};
      },
    });
    const enqueue = (secret: Secret): void => {
      if (isTokenSecret(secret)) loop.enqueue(objectKey(secret));
    };
    secrets.addHandlers({ onAdd: enqueue, onUpdate: (_old, secret) => enqueue(secret) });
    return loop;
  },
};
