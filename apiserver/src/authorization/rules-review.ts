/** SelfSubjectRulesReview: `kubectl auth can-i --list`. */

import { badRequest } from '@kubelab/apimachinery/status-error';
import type { ActionHandler } from '../contracts.js';
import type { DetailedRuleResolver } from './authorization.js';

export interface RulesReviewOptions {
  resolver: DetailedRuleResolver;
}

export function createSelfSubjectRulesReviewHandler(options: RulesReviewOptions): ActionHandler {
  return {
    async create(context, body) {
      const { namespace } = (body['spec'] ?? {}) as { namespace?: string };
      if (!namespace) throw badRequest('no namespace on request');
      const { resourceRules, nonResourceRules, incomplete, evaluationError } = options.resolver.rulesFor(
        context.user,
        namespace,
      );
      const status = {
        resourceRules,
        nonResourceRules,
        incomplete,
        ...(evaluationError ? { evaluationError } : {}),
      };
      return { code: 201, object: { ...body, status } };
    },
  };
}
