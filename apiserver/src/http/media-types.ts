/** Content negotiation with upstream's rules and texts. Pure. */

import { notAcceptable, unsupportedMediaType } from '@kubelab/apimachinery/status-error';

const protobufType = 'application/vnd.kubernetes.protobuf';

/** How a body may come and an answer go. */
export type Encoding = 'json' | 'yaml' | 'protobuf';
export type BodyEncoding = Encoding;
/** How an object is shown: itself, as rows of a table, or reduced to its metadata. */
export type Projection = 'object' | 'table' | 'metadata';

export interface OutputFormat {
  encoding: Encoding;
  projection: Projection;
  /** `v1` or `v1beta1` of meta.k8s.io; only for projections. */
  metaVersion: 'v1' | 'v1beta1';
}

interface AcceptClause {
  type: string;
  subtype: string;
  parameters: Map<string, string>;
  quality: number;
}

const objectFormat: OutputFormat = { encoding: 'json', projection: 'object', metaVersion: 'v1' };

const textTypes = ['application/json', 'application/yaml'];
const allTypes = [...textTypes, protobufType];

/** YAML has no form for a stream of events. */
function streamTypes(protobuf: boolean): string[] {
  return (protobuf ? ['application/json', protobufType] : ['application/json']).map((type) => `${type};stream=watch`);
}

const projections: Readonly<Record<string, Projection>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
};

/** The clauses of an Accept header, best first. */
export function parseAccept(header: string): AcceptClause[] {
  const clauses: AcceptClause[] = [];
  for (const part of header.split(',')) {
    const [range = '', ...rest] = part.split(';').map((piece) => piece.trim());
    if (range === '') continue;
    const [type = '', subtype = ''] = range.toLowerCase().split('/');
    const parameters = new Map<string, string>();
    for (const piece of rest) {
      const equals = piece.indexOf('=');
      if (equals > 0)
        parameters.set(
          piece.slice(0, equals).trim(),
          piece
            .slice(equals + 1)
            .trim()
            .replace(/^"|"$/g, ''),
        );
    }
    const quality = parameters.has('q') ? Number(parameters.get('q')) : 1;
    clauses.push({ type, subtype, parameters, quality: Number.isFinite(quality) ? quality : 0 });
  }
  return clauses.sort((a, b) => b.quality - a.quality);
}

export interface NegotiateOptions {
  /** Whether Table and PartialObjectMetadata may be asked for. */
  projections: boolean;
  /** Whether the kind has a protobuf form: all built-in kinds have. */
  protobuf: boolean;
  watch?: boolean;
}

/** Throws StatusError 406 when nothing that the client accepts can be made. */
export function negotiateOutput(accept: string | undefined, options: NegotiateOptions): OutputFormat {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return objectFormat;
  for (const clause of parseAccept(accept)) {
    const format = formatOf(clause, options);
    if (format) return format;
  }
  const { protobuf, watch } = options;
  const types = watch ? streamTypes(protobuf) : protobuf ? allTypes : textTypes;
  throw notAcceptable(`only the following media types are accepted: ${types.join(', ')}`);
}

function formatOf(clause: AcceptClause, options: NegotiateOptions): OutputFormat | undefined {
  const encoding = encodingOf(clause);
  if (!encoding || (options.watch && encoding === 'yaml')) return undefined;
  const as = clause.parameters.get('as');
  if (as === undefined) return encoding === 'protobuf' && !options.protobuf ? undefined : { ...objectFormat, encoding };
  const projection = Object.hasOwn(projections, as) ? projections[as] : undefined;
  // A Table holds cells of any type, which protobuf cannot say.
  if (encoding === 'protobuf' && projection === 'table') return undefined;
  const group = clause.parameters.get('g');
  const version = clause.parameters.get('v');
  if (!options.projections || !projection || group !== 'meta.k8s.io') return undefined;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  return { encoding, projection, metaVersion: version };
}

function encodingOf(clause: AcceptClause): Encoding | undefined {
  if (clause.type === '*' && clause.subtype === '*') return 'json';
  if (clause.type !== 'application') return undefined;
  if (clause.subtype === 'json' || clause.subtype === '*') return 'json';
  if (clause.subtype === 'yaml' || clause.subtype === 'x-yaml') return 'yaml';
  return clause.subtype === 'vnd.kubernetes.protobuf' ? 'protobuf' : undefined;
}

/** What an error is written in: as {@link negotiateOutput}, but there is always an answer. */
export function negotiateError(accept: string | undefined): Encoding {
  if (accept === undefined || accept === '') return 'json';
  for (const clause of parseAccept(accept)) {
    const encoding = encodingOf(clause);
    if (encoding) return encoding;
  }
  return 'json';
}

const contentTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: protobufType,
};

export function contentTypeOf(encoding: Encoding): string {
  return contentTypes[encoding];
}

/** `application/json; charset=utf-8` to `application/json`. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** How a request body is encoded. No Content-Type means JSON. Throws StatusError 415. */
export function negotiateInput(contentType: string | undefined, { protobuf }: { protobuf: boolean }): BodyEncoding {
  const type = mediaType(contentType);
  if (type === '' || type === 'application/json') return 'json';
  if (type === 'application/yaml' || type === 'application/x-yaml') return 'yaml';
  if (type === protobufType && protobuf) return 'protobuf';
  throw unsupportedBody(protobuf ? allTypes : textTypes);
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** Throws StatusError 415 for a media type that is no patch. */
export function negotiatePatch(contentType: string | undefined): PatchType {
  const patchType = Object.hasOwn(patchTypes, mediaType(contentType)) ? patchTypes[mediaType(contentType)] : undefined;
  if (!patchType) throw unsupportedBody(Object.keys(patchTypes));
  return patchType;
}

/** 415 that names what is accepted. */
export function unsupportedBody(accepted: readonly string[]): Error {
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}
