/** create, update, patch, delete and deletecollection of resources and of the parts that subresources show of them. */

import { deepClone } from '@kubelab/apimachinery/json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { createObject } from '../registry/create.js';
import { builtinKind, decodeObject, type ExpectedKind } from '../registry/decode.js';
import { deleteCollection, deleteObject, deletionAnswer } from '../registry/delete.js';
import type { Engine, WriteRequest } from '../registry/engine.js';
import { type DeleteOptions, parseDeleteOptions, parseWriteOptions, type WriteOptions } from '../registry/options.js';
import { type PatchTarget, patchChange } from '../registry/patch.js';
import type { Resource } from '../registry/resources.js';
import { parseSelection } from '../registry/selection.js';
import { allowsCreateOnUpdate } from '../registry/strategy.js';
import { updateObject } from '../registry/update.js';
import { readBody } from './body.js';
import type { Exchange } from './exchange.js';
import { parseCollectionOptions } from './list-options.js';
import { sendList } from './list-response.js';
import { negotiateInput, negotiateOutput, negotiatePatch } from './media-types.js';
import { sendEntry } from './object-response.js';
import { hasProtobufForm } from './protobuf/encode.js';
import { outputOptions } from './read-handlers.js';
import type { Target } from './resource-target.js';
import { sendStatus } from './respond.js';

export function writeRequest(exchange: Exchange, target: Target, options: WriteOptions): WriteRequest {
  return {
    ...target,
    user: exchange.user,
    userAgent: exchange.userAgent,
    options,
    warn: (message) => exchange.warn(message),
  };
}

/** Reads the body as an object of the expected kind. Throws StatusError 400, 413 or 415. */
export async function readObject(
  exchange: Exchange,
  expected: ExpectedKind,
  options: WriteOptions,
): Promise<UnstructuredObject> {
  const encoding = negotiateInput(exchange.request.headers['content-type'], {
    protobuf: hasProtobufForm(expected),
  });
  const body = await readBody(exchange);
  return decodeObject(body, expected, {
    encoding,
    fieldValidation: options.fieldValidation,
    warn: (message) => exchange.warn(message),
  });
}

export async function handleCreate(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const format = negotiateOutput(exchange.request.headers.accept, outputOptions(target.resource));
  const { definition, expected } = target.resource;
  const options = parseWriteOptions('CreateOptions', exchange.query);
  const object = await readObject(exchange, expected, options);
  definition.hooks.default?.(object);
  const entry = await createObject(engine, writeRequest(exchange, target, options), object);
  await sendEntry(exchange, { code: 201, definition, entry, format, now: new Date(engine.clock.now()) });
}

export async function handleUpdate(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const format = negotiateOutput(exchange.request.headers.accept, outputOptions(target.resource));
  const { definition, expected, groupResource } = target.resource;
  const options = parseWriteOptions('UpdateOptions', exchange.query);
  const object = await readObject(exchange, expected, options);
  definition.hooks.default?.(object);
  const fresh = (): UnstructuredObject => deepClone(object);
  const { entry, created } = await updateObject(engine, writeRequest(exchange, target, options), {
    from: fresh,
    ...(allowsCreateOnUpdate(groupResource) ? { fromNothing: fresh } : {}),
  });
  const code = created ? 201 : 200;
  await sendEntry(exchange, { code, definition, entry, format, now: new Date(engine.clock.now()) });
}

function patchTargetOf(resource: Resource): PatchTarget {
  const { hooks } = resource.definition;
  return {
    expected: resource.expected,
    typeSchema: resource.typeSchema,
    default: (object) => hooks.default?.(object),
  };
}

export async function handlePatch(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const { request, query } = exchange;
  const type = negotiatePatch(request.headers['content-type']);
  const format = negotiateOutput(request.headers.accept, outputOptions(target.resource));
  const body = await readBody(exchange);
  const options = parseWriteOptions('PatchOptions', query, { apply: type === 'apply' });
  const write = writeRequest(exchange, target, options);
  const change = patchChange(engine, write, { type, body }, patchTargetOf(target.resource));
  const { entry, created } = await updateObject(engine, write, change);
  const { definition } = target.resource;
  const code = created ? 201 : 200;
  await sendEntry(exchange, { code, definition, entry, format, now: new Date(engine.clock.now()) });
}

/** Throws StatusError 400, 413, 415 or 422. */
async function readDeleteOptions(exchange: Exchange): Promise<DeleteOptions> {
  const body = await readBody(exchange);
  if (body.length === 0) return parseDeleteOptions(exchange.query, undefined);
  const encoding = negotiateInput(exchange.request.headers['content-type'], { protobuf: true });
  const warn = (message: string): void => exchange.warn(message);
  const options = decodeObject(body, builtinKind('', 'v1', 'DeleteOptions'), {
    encoding,
    fieldValidation: 'Ignore',
    warn,
  });
  return parseDeleteOptions(exchange.query, options);
}

export async function handleDelete(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const format = negotiateOutput(exchange.request.headers.accept, outputOptions(target.resource));
  const options = await readDeleteOptions(exchange);
  const { resource, namespace, name } = target;
  const { user } = exchange;
  const warn = (message: string): void => exchange.warn(message);
  const deleted = await deleteObject(engine, { resource, namespace, name, user, options, warn });
  const status = deletionAnswer(resource, deleted);
  if (status) return sendStatus(exchange, status, format.encoding);
  const code = !deleted.gone && options.orphanDependents === false ? 202 : 200;
  const { definition } = resource;
  return sendEntry(exchange, { code, definition, entry: deleted.entry, format, now: new Date(engine.clock.now()) });
}

export async function handleDeleteCollection(engine: Engine, exchange: Exchange, target: Target): Promise<void> {
  const { query, user } = exchange;
  const { resource, namespace } = target;
  const format = negotiateOutput(exchange.request.headers.accept, outputOptions(target.resource));
  const selection = parseSelection(resource.definition, query.get('labelSelector'), query.get('fieldSelector'));
  const { limit } = parseCollectionOptions(query, { watch: false });
  const page = await deleteCollection(engine, {
    resource,
    namespace,
    user,
    options: await readDeleteOptions(exchange),
    warn: (message) => exchange.warn(message),
    ...(selection.predicate ? { predicate: selection.predicate } : {}),
    limit,
  });
  const { definition } = resource;
  await sendList(exchange, { definition, page, format, now: new Date(engine.clock.now()) });
}
