/** Who may do what: authentication, authorization, admission and the kinds that answer questions about them, put together. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import type { Clock } from '@kubelab/component/clock';
import { defaultAdmissionPlugins } from './admission/plugins.js';
import { type Authentication, createAuthentication } from './authentication/authentication.js';
import { createSelfSubjectReviewHandler, createTokenReviewHandler } from './authentication/token-review.js';
import {
  createLocalSubjectAccessReviewHandler,
  createSelfSubjectAccessReviewHandler,
  createSubjectAccessReviewHandler,
} from './authorization/access-review.js';
import { type Authorization, createAuthorization } from './authorization/authorization.js';
import { createEscalationCheck } from './authorization/rbac/escalation.js';
import { createSelfSubjectRulesReviewHandler } from './authorization/rules-review.js';
import { nodeRules } from './bootstrap/policy/cluster-roles.js';
import { type ApiserverConfig, authorizationModesOf } from './config.js';
import type { ActionHandler, AdmissionPlugin, ObjectAccess } from './contracts.js';
import type { Credentials } from './credentials.js';
import { builtinKind } from './registry/decode.js';
import type { Action } from './registry/subresources/subresources.js';
import { createTokenIssuer } from './service-accounts/issuer.js';
import { createTokenRequestHandler } from './service-accounts/token-request.js';

export interface SecurityOptions {
  config: ApiserverConfig;
  credentials: Credentials;
  objects: ObjectAccess;
  clock: Clock;
  /** Of other parts: run before all other plugins. */
  firstPlugins: readonly AdmissionPlugin[];
  /** Of serviceaccounts, for the admission of token requests. */
  serviceAccounts: ResourceDefinition;
}

export interface Security {
  authentication: Authentication;
  authorization: Authorization;
  admission: AdmissionPlugin[];
  /** Keyed by subresourceKey. */
  actions: ReadonlyMap<string, Action>;
}

export function createSecurity(options: SecurityOptions): Security {
  const { config, objects, clock } = options;
  const authentication = createAuthentication(authenticationOptions(options));
  const authorization = createAuthorization({ objects, modes: authorizationModesOf(config), nodeRules: nodeRules() });
  const { authorizer, index } = authorization;
  const usesRbac = config['authorization-mode'].includes('RBAC');
  const admission = defaultAdmissionPlugins({
    objects,
    authorizer,
    clock,
    notReadyTolerationSeconds: config['default-not-ready-toleration-seconds'],
    unreachableTolerationSeconds: config['default-unreachable-toleration-seconds'],
    enable: config['enable-admission-plugins'],
    disable: config['disable-admission-plugins'],
    before: options.firstPlugins,
    after: usesRbac ? [createEscalationCheck({ index, authorizer })] : [],
  });
  return {
    authentication,
    authorization,
    admission,
    actions: actionsOf(options, authentication, authorization, admission),
  };
}

function apiAudiences(config: ApiserverConfig): readonly string[] {
  return config['api-audiences'].length > 0 ? config['api-audiences'] : config['service-account-issuer'];
}

function authenticationOptions(options: SecurityOptions): Parameters<typeof createAuthentication>[0] {
  const { config, credentials, objects, clock } = options;
  const { clientCa, requestHeaderCa, verificationKeys } = credentials;
  return {
    objects,
    clock,
    ...(clientCa ? { clientAuthorities: clientCa.authorities } : {}),
    ...(requestHeaderCa
      ? {
          frontProxy: {
            authorities: requestHeaderCa.authorities,
            allowedNames: config['requestheader-allowed-names'],
            userNameHeaders: config['requestheader-username-headers'],
            uidHeaders: config['requestheader-uid-headers'],
            groupHeaders: config['requestheader-group-headers'],
            extraHeaderPrefixes: config['requestheader-extra-headers-prefix'],
          },
        }
      : {}),
    serviceAccounts: {
      issuers: config['service-account-issuer'],
      keys: verificationKeys,
      lookup: config['service-account-lookup'],
    },
    apiAudiences: apiAudiences(config),
    bootstrapTokens: config['enable-bootstrap-token-auth'],
    anonymous: config['anonymous-auth'],
  };
}

function actionsOf(
  { config, credentials, objects, clock, serviceAccounts }: SecurityOptions,
  { tokens }: Authentication,
  { authorizer, resolver }: Authorization,
  admission: readonly AdmissionPlugin[],
): ReadonlyMap<string, Action> {
  const [issuerName = ''] = config['service-account-issuer'];
  const audiences = apiAudiences(config);
  const issuer = createTokenIssuer({ issuer: issuerName, signingKey: credentials.signingKey, clock });
  const tokenRequests = createTokenRequestHandler({
    objects,
    issuer,
    apiAudiences: audiences,
    maxExpirationSeconds: config['service-account-max-token-expiration'] / 1000,
    extendExpiration: config['service-account-extend-token-expiration'],
    clock,
    admission,
    definition: serviceAccounts,
  });
  const authenticationGroup = 'authentication.k8s.io';
  const authorizationGroup = 'authorization.k8s.io';
  const action = (group: string, kind: string, handler: ActionHandler): Action => ({
    expected: builtinKind(group, 'v1', kind),
    handler,
  });
  const reviews = {
    subjectaccessreviews: action(
      authorizationGroup,
      'SubjectAccessReview',
      createSubjectAccessReviewHandler({ authorizer }),
    ),
    localsubjectaccessreviews: action(
      authorizationGroup,
      'LocalSubjectAccessReview',
      createLocalSubjectAccessReviewHandler({ authorizer }),
    ),
    selfsubjectaccessreviews: action(
      authorizationGroup,
      'SelfSubjectAccessReview',
      createSelfSubjectAccessReviewHandler({ authorizer }),
    ),
    selfsubjectrulesreviews: action(
      authorizationGroup,
      'SelfSubjectRulesReview',
      createSelfSubjectRulesReviewHandler({ resolver }),
    ),
    tokenreviews: action(
      authenticationGroup,
      'TokenReview',
      createTokenReviewHandler({ tokens, apiAudiences: audiences }),
    ),
    selfsubjectreviews: action(authenticationGroup, 'SelfSubjectReview', createSelfSubjectReviewHandler({ clock })),
  };
  return new Map([
    ['serviceaccounts/token', { ...action(authenticationGroup, 'TokenRequest', tokenRequests), admitsItself: true }],
    ...Object.entries(reviews).map(([plural, entry]): [string, Action] => [`${plural}.${entry.expected.group}`, entry]),
  ]);
}
