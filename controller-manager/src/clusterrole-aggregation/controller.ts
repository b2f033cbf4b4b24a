/** Keeps ClusterRoles with an aggregationRule in line with the roles they are put together from. */

import { clusterRoles } from '@kubelab/api/resource-types';
import type { ClusterRole } from '@kubelab/api/types';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import { type ControllerDefinition, createLoop } from '../manager/context.js';
import { planAggregation } from './plan.js';

const fieldManager = 'clusterrole-aggregation-controller';

export const clusterRoleAggregationController: ControllerDefinition = {
  name: 'clusterrole-aggregation-controller',
  serviceAccount: 'clusterrole-aggregation-controller',
  enabled: () => true,
  create: (context) => {
    const { client, informers } = context;
    const roles = informers.of(clusterRoles);
    const loop = createLoop(context, 'cluster_role_aggregator', {
      reconcile: async (name) => {
        const role = roles.get(name);
        const rules = role && !role.metadata.deletionTimestamp ? planAggregation(role, roles.list()) : undefined;
        if (!rules) return {};
        const apply = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
        try {
          await client.patch(clusterRoles, name, undefined, 'apply', apply, { fieldManager, force: true });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
        return {};
      },
    });
    // Any role may have become, or ceased to be, a part of any aggregated one.
    const enqueueAll = (): void => {
      for (const role of roles.list()) if (role.aggregationRule) loop.enqueue(role.metadata.name);
    };
    const changed = (role: ClusterRole): void => {
      if (role.aggregationRule) loop.enqueue(role.metadata.name);
      enqueueAll();
    };
    roles.addHandlers({ onAdd: changed, onUpdate: (_old, role) => changed(role), onDelete: enqueueAll });
    return loop;
  },
};
