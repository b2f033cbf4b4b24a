/** SubjectAccessReview and its kin: may somebody do something. */

import { type FieldError, invalid, invalidObject } from '@kubelab/apimachinery/field-error';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import type { ActionHandler, AuthorizationAttributes, Authorizer, UserInfo } from '../contracts.js';

const group = 'authorization.k8s.io';

interface ResourceAttributes {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: { rawSelector?: string; requirements?: { key: string; operator: string; values?: string[] }[] };
}

interface ReviewSpec {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

export interface AccessReviewOptions {
  authorizer: Authorizer;
}

export function createSubjectAccessReviewHandler(options: AccessReviewOptions): ActionHandler {
  return {
    async create(_context, body) {
      const spec = specOf(body);
      const errors = [...attributeErrors(spec), ...subjectErrors(spec)];
      failWith('SubjectAccessReview', errors);
      return answer(options.authorizer, body, subjectOf(spec));
    },
  };
}

/** Asks about one namespace only, so that the right to ask can be given per namespace. */
export function createLocalSubjectAccessReviewHandler(options: AccessReviewOptions): ActionHandler {
  return {
    async create(context, body) {
      const spec = specOf(body);
      const errors = [...attributeErrors(spec), ...subjectErrors(spec)];
      if (spec.nonResourceAttributes) {
        errors.push(
          invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'),
        );
      }
      const namespace = context.info.namespace ?? '';
      if (spec.resourceAttributes && spec.resourceAttributes.namespace !== namespace) {
        const given = spec.resourceAttributes.namespace ?? '';
        errors.push(invalid('spec.resourceAttributes.namespace', given, `must match metadata.namespace: ${namespace}`));
      }
      failWith('LocalSubjectAccessReview', errors);
      return answer(options.authorizer, body, subjectOf(spec));
    },
  };
}

export function createSelfSubjectAccessReviewHandler(options: AccessReviewOptions): ActionHandler {
  return {
    async create(context, body) {
      failWith('SelfSubjectAccessReview', attributeErrors(specOf(body)));
      return answer(options.authorizer, body, context.user);
    },
  };
}

function specOf(body: UnstructuredObject): ReviewSpec {
  return (body['spec'] ?? {}) as ReviewSpec;
}

function attributeErrors(spec: ReviewSpec): FieldError[] {
  const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  if (spec.resourceAttributes && spec.nonResourceAttributes) {
    return [
      invalid(
        'spec.nonResourceAttributes',
        spec.nonResourceAttributes,
        `cannot be specified in combination with resourceAttributes`,
      ),
    ];
  }
  return spec.resourceAttributes || spec.nonResourceAttributes
    ? []
    : [invalid('spec.resourceAttributes', null, detail)];
}

function subjectErrors(spec: ReviewSpec): FieldError[] {
  if (spec.user || spec.groups?.length) return [];
  return [invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified')];
}

function failWith(kind: string, errors: FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group, kind }, '', errors);
}

function subjectOf(spec: ReviewSpec): UserInfo {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

async function answer(
  authorizer: Authorizer,
  body: UnstructuredObject,
  user: UserInfo,
): Promise<{ code: number; object: Record<string, unknown> }> {
  const decision = await authorizer.authorize(toAttributes(specOf(body), user));
  const status = { allowed: decision.allowed, ...(decision.reason ? { reason: decision.reason } : {}) };
  return { code: 201, object: { ...body, status } };
}

function toAttributes(spec: ReviewSpec, user: UserInfo): AuthorizationAttributes {
  const resource = spec.resourceAttributes;
  if (!resource) {
    const { path = '', verb = '' } = spec.nonResourceAttributes ?? {};
    return { user, verb, resourceRequest: false, path };
  }
  const fieldSelector = selectorText(resource.fieldSelector);
  return {
    user,
    verb: resource.verb ?? '',
    resourceRequest: true,
    apiGroup: resource.group ?? '',
    apiVersion: resource.version ?? '',
    resource: resource.resource ?? '',
    subresource: resource.subresource ?? '',
    ...(resource.namespace ? { namespace: resource.namespace } : {}),
    ...(resource.name ? { name: resource.name } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
    path: '',
  };
}

function selectorText(selector: ResourceAttributes['fieldSelector']): string {
  if (selector?.rawSelector) return selector.rawSelector;
  const single = (selector?.requirements ?? []).filter(
    ({ operator, values }) => operator === 'In' && values?.length === 1,
  );
  return single.map(({ key, values }) => `${key}=${values?.[0] ?? ''}`).join(',');
}
