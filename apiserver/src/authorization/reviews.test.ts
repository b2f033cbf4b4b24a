import type { StatusError } from '@kubelab/apimachinery/status-error';
import type { ActionHandler, AuthorizationAttributes, Authorizer, RequestContext } from '../contracts.js';
import {
  createLocalSubjectAccessReviewHandler,
  createSelfSubjectAccessReviewHandler,
  createSubjectAccessReviewHandler,
} from './access-review.js';
import { createAuthorization } from './authorization.js';
import { MemoryObjects } from './memory-objects.js';
import { createSelfSubjectRulesReviewHandler } from './rules-review.js';

const context = {
  user: { name: 'jane', groups: ['dev'] },
  info: { namespace: 'team' },
} as unknown as RequestContext;

function recording() {
  const asked: AuthorizationAttributes[] = [];
  const authorizer: Authorizer = {
    authorize: (attributes) => {
      asked.push(attributes);
      return { allowed: attributes.verb === 'get', reason: attributes.verb === 'get' ? 'because' : '' };
    },
  };
  return { asked, authorizer };
}

const run = async (handler: ActionHandler, spec: object) =>
  (
    await handler.create(context, { apiVersion: 'authorization.k8s.io/v1', kind: 'X', metadata: {}, spec } as never, {
      dryRun: false,
    })
  ).object['status'];
const messageOf = (handler: ActionHandler, spec: object) =>
  run(handler, spec).catch((error: StatusError) => error.message);

describe('access reviews', () => {
  test('answer for the user that is named', async () => {
    const { asked, authorizer } = recording();
    const spec = {
      user: 'bob',
      groups: ['ops'],
      resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'x' },
    };
    expect(await run(createSubjectAccessReviewHandler({ authorizer }), spec)).toEqual({
      allowed: true,
      reason: 'because',
    });
    expect(asked[0]).toMatchObject({ user: { name: 'bob', groups: ['ops'] }, resource: 'pods', namespace: 'x' });
  });

  test('answer for oneself, also about paths', async () => {
    const { asked, authorizer } = recording();
    const spec = { nonResourceAttributes: { verb: 'post', path: '/metrics' } };
    expect(await run(createSelfSubjectAccessReviewHandler({ authorizer }), spec)).toEqual({ allowed: false });
    expect(asked[0]).toMatchObject({ user: context.user, resourceRequest: false, path: '/metrics' });
  });

  test('refuse a spec that asks nothing, or for nobody', async () => {
    const { authorizer } = recording();
    const handler = createSubjectAccessReviewHandler({ authorizer });
    expect(await messageOf(handler, { user: 'bob' })).toContain(
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
    expect(await messageOf(handler, { resourceAttributes: {} })).toContain(
      'at least one of user or group must be specified',
    );
    const both = { user: 'b', resourceAttributes: {}, nonResourceAttributes: {} };
    expect(await messageOf(handler, both)).toContain('cannot be specified in combination with resourceAttributes');
  });

  test('of one namespace are about that namespace only', async () => {
    const { authorizer } = recording();
    const handler = createLocalSubjectAccessReviewHandler({ authorizer });
    const spec = { user: 'b', resourceAttributes: { verb: 'get', namespace: 'other' } };
    expect(await messageOf(handler, spec)).toContain('must match metadata.namespace: team');
    expect(await messageOf(handler, { user: 'b', nonResourceAttributes: { path: '/' } })).toContain(
      'disallowed on this kind of request',
    );
  });

  test('rules reviews need a namespace and tell when nodes cannot be listed', async () => {
    const { resolver } = createAuthorization({ objects: new MemoryObjects(), modes: ['Node', 'RBAC'], nodeRules: [] });
    const handler = createSelfSubjectRulesReviewHandler({ resolver });
    expect(await messageOf(handler, {})).toBe('no namespace on request');
    expect(await run(handler, { namespace: 'a' })).toEqual({
      resourceRules: [],
      nonResourceRules: [],
      incomplete: false,
    });
    const node = { ...context, user: { name: 'system:node:a', groups: ['system:nodes'] } };
    const { object } = await handler.create(node, { metadata: {}, spec: { namespace: 'a' } } as never, {
      dryRun: false,
    });
    expect(object['status']).toMatchObject({
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    });
  });
});
