/** Media types that bodies of custom kinds cannot have: the server knows no field numbers and no merge keys of theirs. */

import type { Exchange } from './exchange.js';
import { mediaType, unsupportedBody } from './media-types.js';

const bodyTypes = ['application/json', 'application/yaml'];
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];

/** Throws StatusError 415. */
export function refuseForeignBody({ info, request }: Exchange): void {
  const type = mediaType(request.headers['content-type']);
  const writes = info.verb === 'create' || info.verb === 'update';
  if (writes && type === 'application/vnd.kubernetes.protobuf') throw unsupportedBody(bodyTypes);
  if (info.verb === 'patch' && type === 'application/strategic-merge-patch+json') throw unsupportedBody(patchTypes);
}
