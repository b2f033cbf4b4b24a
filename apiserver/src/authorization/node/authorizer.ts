/** What a kubelet may do: upstream's Node authorization mode. */

import type { PolicyRule } from '@kubelab/api/types';
import { nodeNameOf } from '../../authentication/users.js';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from '../../contracts.js';
import { compileRule, toRuleRequest } from '../rbac/rules.js';
import type { NodeGraph, VertexKind } from './graph.js';

const leaseNamespace = 'kube-node-lease';
const ownVerbs: readonly string[] = ['get', 'create', 'update', 'patch', 'delete'];

const allowed: AuthorizationDecision = { allowed: true, reason: '' };
const denied = (reason = ''): AuthorizationDecision => ({ allowed: false, reason });

export interface NodeAuthorizerOptions {
  graph: NodeGraph;
  /** Rules that hold for every node alike: those of ClusterRole system:node. */
  nodeRules: readonly PolicyRule[];
}

export function createNodeAuthorizer(options: NodeAuthorizerOptions): Authorizer {
  const rules = options.nodeRules.map(compileRule);
  const { graph } = options;
  return {
    authorize(attributes) {
      const nodeName = nodeNameOf(attributes.user);
      if (nodeName === undefined) return denied();
      if (nodeName === '') return denied(`unknown node for user ${JSON.stringify(attributes.user.name)}`);
      const specific = attributes.resourceRequest ? decideResource(graph, nodeName, attributes) : undefined;
      if (specific) return specific;
      const request = toRuleRequest(attributes);
      return rules.some((rule) => rule.allows(request)) ? allowed : denied();
    },
  };
}

/** Undefined: not subdivided by node, the common rules decide. */
function decideResource(
  graph: NodeGraph,
  nodeName: string,
  attributes: AuthorizationAttributes,
): AuthorizationDecision | undefined {
  const { apiGroup, resource } = attributes;
  switch (apiGroup ? `${resource}.${apiGroup}` : resource) {
    case 'secrets':
      return readOwn(graph, nodeName, 'secret', attributes);
    case 'configmaps':
      return readOwn(graph, nodeName, 'configmap', attributes);
    case 'persistentvolumeclaims':
      return decideClaim(graph, nodeName, attributes);
    case 'persistentvolumes':
      return getOnly(attributes, () => graph.isVolumeRelated(nodeName, attributes.name ?? ''), nodeName);
    case 'volumeattachments.storage.k8s.io':
      return getOnly(attributes, () => graph.isAttachmentRelated(nodeName, attributes.name ?? ''), nodeName);
    case 'serviceaccounts':
      return createToken(graph, nodeName, attributes);
    case 'leases.coordination.k8s.io':
      return decideLease(nodeName, attributes);
    case 'csinodes.storage.k8s.io':
      return decideCsiNode(nodeName, attributes);
    case 'nodes':
      return decideNode(nodeName, attributes);
    case 'pods':
      return decidePod(graph, nodeName, attributes);
    default:
      return undefined;
  }
}

function related(
  graph: NodeGraph,
  nodeName: string,
  kind: VertexKind,
  attributes: AuthorizationAttributes,
): AuthorizationDecision {
  if (!attributes.name) return denied('No Object name found');
  const found = graph.isRelated(nodeName, kind, attributes.namespace ?? '', attributes.name);
  return found ? allowed : denied(noRelationship(nodeName));
}

function noRelationship(nodeName: string): string {
  return `no relationship found between node '${nodeName}' and this object`;
}

function readOwn(
  graph: NodeGraph,
  nodeName: string,
  kind: VertexKind,
  attributes: AuthorizationAttributes,
): AuthorizationDecision {
  if (!['get', 'list', 'watch'].includes(attributes.verb)) return denied('can only read resources of this type');
  if (attributes.subresource) return denied('cannot read subresource');
  if (!attributes.namespace) return denied('can only read namespaced object of this type');
  return related(graph, nodeName, kind, attributes);
}

function getOnly(
  attributes: AuthorizationAttributes,
  isRelated: () => boolean,
  nodeName: string,
): AuthorizationDecision {
  if (attributes.verb !== 'get') return denied('can only get individual resources of this type');
  if (attributes.subresource) return denied('cannot get subresource');
  if (!attributes.name) return denied('No Object name found');
  return isRelated() ? allowed : denied(noRelationship(nodeName));
}

function decideClaim(graph: NodeGraph, nodeName: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  if (attributes.subresource === 'status') {
    if (attributes.verb !== 'update' && attributes.verb !== 'patch')
      return denied('can only get/update/patch this type');
    return related(graph, nodeName, 'pvc', attributes);
  }
  const isRelated = (): boolean => graph.isRelated(nodeName, 'pvc', attributes.namespace ?? '', attributes.name ?? '');
  return getOnly(attributes, isRelated, nodeName);
}

function createToken(graph: NodeGraph, nodeName: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  if (attributes.verb !== 'create' || !attributes.name) {
    return denied('can only create tokens for individual service accounts');
  }
  if (attributes.subresource !== 'token') return denied('can only create token subresource of serviceaccount');
  return related(graph, nodeName, 'serviceaccount', attributes);
}

function decideLease(nodeName: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  if (!ownVerbs.includes(attributes.verb)) {
    return denied('can only get, create, update, patch, or delete a node lease');
  }
  if (attributes.namespace !== leaseNamespace) {
    return denied(`can only access leases in the "${leaseNamespace}" system namespace`);
  }
  // The name of a lease to be created is not known here; NodeRestriction looks at it.
  if (attributes.verb !== 'create' && attributes.name !== nodeName) {
    return denied('can only access node lease with the same name as the requesting node');
  }
  return allowed;
}

function decideCsiNode(nodeName: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  if (!ownVerbs.includes(attributes.verb)) return denied('can only get, create, update, patch, or delete a CSINode');
  if (attributes.subresource) return denied('cannot authorize CSINode subresources');
  if (attributes.verb !== 'create' && attributes.name !== nodeName) {
    return denied('can only access CSINode with the same name as the requesting node');
  }
  return allowed;
}

function decideNode(nodeName: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  const { verb, subresource, name } = attributes;
  // Which node is written is checked by NodeRestriction.
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : denied();
  if (subresource) return denied();
  if (verb === 'create' || verb === 'update' || verb === 'patch') return allowed;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return denied();
  if (name === nodeName) return allowed;
  return denied(
    name
      ? `node '${nodeName}' cannot read '${name}', only its own Node object`
      : `node '${nodeName}' cannot read all nodes, only its own Node object`,
  );
}

function decidePod(graph: NodeGraph, nodeName: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  const { verb, subresource } = attributes;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : denied();
  if (subresource === 'eviction') return verb === 'create' ? allowed : denied();
  if (subresource) return denied();
  switch (verb) {
    case 'get':
      return related(graph, nodeName, 'pod', attributes);
    case 'list':
    case 'watch':
      if (selectsNode(attributes.fieldSelector, nodeName)) return allowed;
      if (attributes.name) return related(graph, nodeName, 'pod', attributes);
      return denied('can only list/watch pods with spec.nodeName field selector');
    case 'create':
    case 'delete':
      // Mirror pods; NodeRestriction looks at whose they are.
      return allowed;
    default:
      return denied();
  }
}

function selectsNode(fieldSelector: string | undefined, nodeName: string): boolean {
  const terms = (fieldSelector ?? '').split(',').map((term) => term.trim());
  return terms.includes(`spec.nodeName=${nodeName}`) || terms.includes(`spec.nodeName==${nodeName}`);
}
