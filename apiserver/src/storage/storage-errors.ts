/** Every error the storage gives to clients, in upstream's words (k8s.io/apiserver/pkg/storage). */

import { badRequest, expired, StatusError, tooManyRequests } from '@kubelab/apimachinery/status-error';
import { encodeContinue } from './continue-token.js';

const continueExpired =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter';
const inconsistentContinue =
  `${continueExpired}, or use the continue token in this response to retrieve the remainder of the results. ` +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between ' +
  'the time the first chunk was returned and now may show up in the list.';

/** Seconds after which a client may ask again for a revision the server has not seen yet. */
const tooLargeRetrySeconds = 1;

/** The client asks for a revision that this server does not know (yet). */
export function tooLargeResourceVersion(requested: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${requested}, current: ${current}`,
    details: {
      retryAfterSeconds: tooLargeRetrySeconds,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
  });
}

/** A watch wants to start before the oldest change that is remembered; everything after `oldest` is. */
export function tooOldResourceVersion(requested: number, oldest: number): StatusError {
  return expired(`too old resource version: ${requested} (${oldest})`);
}

/** The exact revision asked for was compacted. */
export function listExpired(): StatusError {
  return expired('The resourceVersion for the provided list is too old.');
}

/** The revision of a continue token was compacted; the error offers a token that goes on with the newest state after `startKey`. */
export function continueTokenExpired(startKey: string): StatusError {
  return new StatusError({
    code: 410,
    reason: 'Expired',
    message: inconsistentContinue,
    metadata: { continue: encodeContinue({ revision: -1, startKey }) },
  });
}

/** The first state of a resource is not loaded yet. */
export function storageNotReady(): StatusError {
  return tooManyRequests('storage is (re)initializing', tooLargeRetrySeconds);
}

/** 0 for an absent or empty resourceVersion. Throws StatusError 400. */
export function parseResourceVersion(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  const why = Number.isNaN(value) ? 'invalid syntax' : 'value out of range';
  throw badRequest(
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
  );
}
