import { bootstrapSigner, tokenCleaner } from '../bootstrap/controllers.js';
import { certificateApprover, certificateCleaner, certificateSigner } from '../certificates/controllers.js';
import { clusterRoleAggregationController } from '../clusterrole-aggregation/controller.js';
import type { ManagerConfig } from '../config.js';
import { cronJobController } from '../cronjob/controller.js';
import { daemonSetController } from '../daemonset/controller.js';
import { deploymentController } from '../deployment/controller.js';
import { disruptionController } from '../disruption/controller.js';
import { endpointSliceController } from '../endpoint-slice/controller.js';
import { endpointSliceMirroringController } from '../endpoint-slice-mirroring/controller.js';
import { endpointsController } from '../endpoints/controller.js';
import { garbageCollector } from '../garbage-collector/controller.js';
import { jobController } from '../job/controller.js';
import { legacyTokenController } from '../legacy-tokens/controller.js';
import { namespaceController } from '../namespace/controller.js';
import { nodeIpamController } from '../node-ipam/controller.js';
import { nodeLifecycleController } from '../node-lifecycle/controller.js';
import { taintEvictionController } from '../node-lifecycle/taint-eviction-controller.js';
import { persistentVolumeBinder } from '../persistent-volume/controller.js';
import { ephemeralVolumeController } from '../persistent-volume/ephemeral-controller.js';
import { podGarbageCollector } from '../pod-gc/controller.js';
import { replicaSetController, replicationController } from '../replica-set/controllers.js';
import { resourceQuotaController } from '../resource-quota/controller.js';
import { rootCaPublisher } from '../root-ca/controller.js';
import { serviceAccountController } from '../service-account/controller.js';
import { statefulSetController } from '../statefulset/controller.js';
import { ttlAfterFinishedController } from '../ttl-after-finished/controller.js';
import { claimProtectionController, volumeProtectionController } from '../volume-protection/controllers.js';
import type { ControllerDefinition } from './context.js';

/** Every controller there is. */
export const controllers: readonly ControllerDefinition[] = [
  deploymentController,
  replicaSetController,
  replicationController,
  daemonSetController,
  statefulSetController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  disruptionController,
  endpointsController,
  endpointSliceController,
  endpointSliceMirroringController,
  namespaceController,
  serviceAccountController,
  legacyTokenController,
  rootCaPublisher,
  nodeIpamController,
  nodeLifecycleController,
  taintEvictionController,
  podGarbageCollector,
  persistentVolumeBinder,
  ephemeralVolumeController,
  garbageCollector,
  certificateApprover,
  certificateSigner,
  certificateCleaner,
  resourceQuotaController,
  clusterRoleAggregationController,
  claimProtectionController,
  volumeProtectionController,
  bootstrapSigner,
  tokenCleaner,
];

/** Those that --controllers asks for. Throws an Error that lists the names there are when one is unknown. */
export function selectControllers(config: ManagerConfig): ControllerDefinition[] {
  const wanted = config.controllers;
  const known = new Set(controllers.map(({ name }) => name));
  const unknown = wanted.map((name) => name.replace(/^-/, '')).filter((name) => name !== '*' && !known.has(name));
  if (unknown.length > 0)
    throw new Error(`--controllers: there is no "${unknown[0]}"; there are ${[...known].join(', ')}`);
  return controllers.filter((definition) => {
    if (wanted.includes(`-${definition.name}`)) return false;
    if (wanted.includes(definition.name)) return true;
    return wanted.includes('*') && definition.enabled(config);
  });
}
