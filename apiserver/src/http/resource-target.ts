/** What a resource request is about: the resource, where, and whether it may be asked that at all. */

import type { Verb } from '@kubelab/api/resource';
import { badRequest, methodNotSupported, StatusError } from '@kubelab/apimachinery/status-error';
import type { RequestInfo } from '../contracts.js';
import type { Resource, Resources } from '../registry/resources.js';

export interface Target {
  resource: Resource;
  /** Undefined for cluster-scoped kinds, and for lists and watches over all namespaces. */
  namespace: string | undefined;
  name: string;
  subresource: string;
}

/** The generic answer for a path that leads nowhere. */
export function pathNotFound(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function methodNotAllowed(): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

/** Throws StatusError 404 or 405. */
export function resolveTarget(info: RequestInfo, resources: Resources): Target {
  const resource = resources.find(info.apiGroup, info.apiVersion, info.resource);
  if (!resource) throw pathNotFound();
  const { definition } = resource;
  const isNamespaceItself = definition.plural === 'namespaces' && definition.group === '';
  if (isNamespaceItself && info.namespace !== undefined && info.namespace !== info.name) throw pathNotFound();
  const namespace = isNamespaceItself ? undefined : info.namespace;
  if (namespace !== undefined && !definition.namespaced) throw pathNotFound();
  const acrossNamespaces = info.verb === 'list' || info.verb === 'watch';
  if (definition.namespaced && namespace === undefined && !acrossNamespaces) {
    throw info.name === '' ? methodNotAllowed() : pathNotFound();
  }
  checkVerb(info, resource);
  if (namesObject.has(info.verb)) checkName(info.name);
  return { resource, namespace, name: info.name, subresource: info.subresource };
}

const namesObject = new Set(['get', 'update', 'patch', 'delete']);

/** Upstream's rule for names that become part of a key, whatever the kind says of names. */
function checkName(name: string): void {
  const problem = name === '.' || name === '..' ? `may not be '${name}'` : invalidCharacter(name);
  if (problem !== undefined) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${problem}`);
}

function invalidCharacter(name: string): string | undefined {
  const found = ['/', '%'].find((character) => name.includes(character));
  return found === undefined ? undefined : `may not contain '${found}'`;
}

/** Discovery does not tell it, but objects that wait for their finalizers can be changed until the end. */
function allowsVerb({ definition }: Resource, verb: Verb): boolean {
  if (definition.custom?.terminating && (verb === 'update' || verb === 'patch')) return true;
  return definition.verbs.includes(verb);
}

function refusedVerb(info: RequestInfo, { definition, groupResource }: Resource): StatusError {
  if (!definition.custom?.terminating) return methodNotAllowed();
  const error = methodNotSupported(groupResource, info.verb);
  const { code, reason } = error;
  return new StatusError({
    code,
    reason,
    message: `${info.verb} not allowed while custom resource definition is terminating`,
    details: error.toStatus().details ?? {},
  });
}

function checkVerb(info: RequestInfo, resource: Resource): void {
  const { definition } = resource;
  if (info.subresource === '') {
    if (!allowsVerb(resource, info.verb as Verb)) throw refusedVerb(info, resource);
    if (info.name === '' && (info.verb === 'update' || info.verb === 'patch')) throw methodNotAllowed();
    if (info.name !== '' && info.verb === 'create') throw methodNotAllowed();
    return;
  }
  if (!Object.hasOwn(definition.subresources, info.subresource)) throw pathNotFound();
  if (!definition.subresources[info.subresource]?.verbs.includes(info.verb as Verb)) throw methodNotAllowed();
}
