/** How patches that cannot be applied are answered. */

import { StatusError } from './status-error.js';

/**
 * A well-formed patch does not fit the object: upstream answers with its generic 422 and keeps the reason to itself. It is in `cause`,
 * for the log.
 */
export function patchDoesNotApply(why: string): StatusError {
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
    cause: new Error(why),
  });
}

/** An error that upstream passes on without a reason of its own: 500 and the bare message. */
export function unclassified(message: string): StatusError {
  return new StatusError({ code: 500, reason: '', message });
}
