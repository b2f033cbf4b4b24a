/** Requests for subresources whose kind is not their parent's. */

import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { UnstructuredObject } from '@kubelab/apimachinery/meta';
import { notFound } from '@kubelab/apimachinery/status-error';
import { storeOf } from '../registry/create.js';
import { decodeObject, type ExpectedKind } from '../registry/decode.js';
import { admissionRequest, admit, type Engine, validateAdmission, type WriteRequest } from '../registry/engine.js';
import { parseWriteOptions, type WriteOptions } from '../registry/options.js';
import { patchChange, patchFunction } from '../registry/patch.js';
import { storageKey } from '../registry/resources.js';
import type { Action, ParentView } from '../registry/subresources/subresources.js';
import { type Change, updateObject } from '../registry/update.js';
import { readBody } from './body.js';
import type { Exchange } from './exchange.js';
import { type NegotiateOptions, negotiateOutput, negotiatePatch } from './media-types.js';
import { hasProtobufForm } from './protobuf/encode.js';
import type { Target } from './resource-target.js';
import { sendBody } from './respond.js';
import { readObject, writeRequest } from './write-handlers.js';

/** Views and actions answer with their own kind. */
function answerOptions(expected: ExpectedKind): NegotiateOptions {
  return { projections: false, protobuf: hasProtobufForm(expected) };
}

/** get, update and patch of a view such as scale. */
export async function handleView(engine: Engine, exchange: Exchange, target: Target, view: ParentView): Promise<void> {
  const { encoding } = negotiateOutput(exchange.request.headers.accept, answerOptions(view.expected));
  const parent = await (exchange.info.verb === 'get'
    ? readParent(exchange, target)
    : writeParent(engine, exchange, target, view));
  await sendBody(exchange, { code: 200, encoding, bytes: Buffer.from(stringifyExact(view.read(parent))) });
}

async function readParent(exchange: Exchange, target: Target): Promise<UnstructuredObject> {
  const { resource, namespace, name } = target;
  const resourceVersion = exchange.query.get('resourceVersion') ?? '';
  const options = resourceVersion === '' ? {} : { resourceVersion };
  const entry = await storeOf(resource, 'get').get(storageKey(namespace, name), options);
  if (!entry) throw notFound(resource.groupResource, name);
  return entry.object;
}

async function writeParent(
  engine: Engine,
  exchange: Exchange,
  target: Target,
  view: ParentView,
): Promise<UnstructuredObject> {
  const options = viewOptions(exchange);
  const write = writeRequest(exchange, target, options);
  const change = await viewChange(engine, exchange, write, view);
  return (await updateObject(engine, write, change)).entry.object;
}

function viewOptions(exchange: Exchange): WriteOptions {
  if (exchange.info.verb === 'update') return parseWriteOptions('UpdateOptions', exchange.query);
  const apply = negotiatePatch(exchange.request.headers['content-type']) === 'apply';
  return parseWriteOptions('PatchOptions', exchange.query, { apply });
}

async function viewChange(engine: Engine, exchange: Exchange, write: WriteRequest, view: ParentView): Promise<Change> {
  if (exchange.info.verb === 'update') {
    const submitted = await readObject(exchange, view.expected, write.options);
    return throughView(view, () => submitted);
  }
  const type = negotiatePatch(exchange.request.headers['content-type']);
  const body = await readBody(exchange);
  if (type !== 'apply') return throughView(view, patchFunction(write, { type, body }, view));
  const { warn } = write;
  const wanted = decodeObject(body, view.expected, {
    encoding: 'yaml',
    fieldValidation: write.options.fieldValidation,
    warn,
  });
  const configuration = Buffer.from(stringifyExact(view.configurationOf(wanted, write.resource)));
  return patchChange(engine, write, { type, body: configuration }, write.resource);
}

/** A change of the view, carried over to the parent. */
function throughView(view: ParentView, toWanted: (current: UnstructuredObject) => UnstructuredObject): Change {
  return {
    from(current) {
      const wanted = toWanted(view.read(current));
      view.write(current, wanted);
      const { uid, resourceVersion, name } = wanted.metadata;
      current.metadata.resourceVersion = resourceVersion ?? '';
      if (name) current.metadata.name = name;
      if (uid) current.metadata.uid = uid;
      return current;
    },
  };
}

/** create of an action, or of a kind that is itself one. Admission sees it like any other creation. */
export async function handleAction(engine: Engine, exchange: Exchange, target: Target, action: Action): Promise<void> {
  const { encoding } = negotiateOutput(exchange.request.headers.accept, answerOptions(action.expected));
  const options = parseWriteOptions('CreateOptions', exchange.query);
  const object = await readObject(exchange, action.expected, options);
  if (!action.admitsItself) await admitAction(engine, writeRequest(exchange, target, options), object);
  const answer = await action.handler.create(exchange, object, { dryRun: options.dryRun });
  await sendBody(exchange, { code: answer.code, encoding, bytes: Buffer.from(stringifyExact(answer.object)) });
}

async function admitAction(engine: Engine, write: WriteRequest, object: UnstructuredObject): Promise<void> {
  const name = write.name || (object.metadata.name ?? '');
  const admission = admissionRequest(write, { operation: 'CREATE', name, object });
  await admit(engine, admission);
  await validateAdmission(engine, admission);
}
