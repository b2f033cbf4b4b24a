/** The options of list, watch and deletecollection, checked as upstream's ValidateListOptions does. */

import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidObject,
  notSupported,
} from '@kubelab/apimachinery/field-error';
import { parseBoolean, parseInteger } from '../registry/options.js';

export interface CollectionOptions {
  limit: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  timeoutSeconds?: number;
  allowWatchBookmarks: boolean;
  /** Undefined: as the resourceVersion says. */
  sendInitialEvents?: boolean;
}

/** Throws StatusError 400 or 422. */
export function parseCollectionOptions(query: URLSearchParams, { watch }: { watch: boolean }): CollectionOptions {
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const token = query.get('continue') ?? '';
  const timeoutSeconds = parseInteger(query, 'timeoutSeconds');
  const sendInitialEvents = parseBoolean(query, 'sendInitialEvents');
  const errors = watch
    ? validateWatch(match, sendInitialEvents, query)
    : validateList(match, resourceVersion, token, sendInitialEvents);
  if (resourceVersion !== '' && !/^\d+$/.test(resourceVersion)) {
    errors.push(
      invalid(
        'resourceVersion',
        resourceVersion,
        `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
      ),
    );
  }
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  return {
    limit: Math.max(0, parseInteger(query, 'limit') ?? 0),
    ...(token === '' ? {} : { continue: token }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(match === '' ? {} : { resourceVersionMatch: match as 'NotOlderThan' | 'Exact' }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    allowWatchBookmarks: parseBoolean(query, 'allowWatchBookmarks') ?? false,
    ...(sendInitialEvents === undefined ? {} : { sendInitialEvents }),
  };
}

function validateList(
  match: string,
  resourceVersion: string,
  token: string,
  initial: boolean | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  if (initial !== undefined)
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  if (match === '') return errors;
  const path = 'resourceVersionMatch';
  if (resourceVersion === '') {
    errors.push(forbiddenField(path, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  }
  if (token !== '') errors.push(forbiddenField(path, 'resourceVersionMatch is forbidden when continue is provided'));
  if (match !== 'Exact' && match !== 'NotOlderThan')
    errors.push(notSupported(path, match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && resourceVersion === '0') {
    errors.push(forbiddenField(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return errors;
}

function validateWatch(match: string, initial: boolean | undefined, query: URLSearchParams): FieldError[] {
  const path = 'resourceVersionMatch';
  if (initial === undefined) {
    return match === ''
      ? []
      : [forbiddenField(path, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')];
  }
  const errors: FieldError[] = [];
  if (match !== 'NotOlderThan') {
    errors.push(
      match === ''
        ? forbiddenField(path, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
        : notSupported(path, match, ['NotOlderThan']),
    );
  }
  if (query.get('continue')) errors.push(forbiddenField('continue', 'continue is forbidden for watch'));
  return errors;
}
