/**
 * The v2 document as a protobuf `openapi.v2.Document`, the only form that older kubectl reads. Numbers are those of the public
 * OpenAPIv2.proto; messages and fields that our documents never have are left out.
 */
import { stringifyExact } from '@kubelab/apimachinery/exact-json';
import type { Json } from './document-input.js';
import { encodeMessage, type Message } from './protobuf-writer.js';

/** Encodes what {@link openApiV2} made. */
export function encodeOpenApiV2(document: Json): Buffer {
  return encodeMessage([
    [1, text(document['swagger'])],
    [2, infoMessage(child(document, 'info'))],
    [8, [[2, named(child(document, 'paths'), pathItem)]]],
    [9, [[1, named(child(document, 'definitions'), schema)]]],
    [10, [[1, named(child(document, 'parameters'), parameter)]]],
    [12, list(document['security']).map((requirement) => [[1, named(requirement, stringArray)]] satisfies Message)],
    [13, [[1, named(child(document, 'securityDefinitions'), securityItem)]]],
  ]);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function child(object: Json, field: string): Json {
  return (object[field] as Json | undefined) ?? {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

/** A map, which this proto writes as a list of names with values. */
function named(object: Json, encode: (value: Json) => Message): Message[] {
  return Object.entries(object).map(([name, value]) => [
    [1, name],
    [2, encode(value as Json)],
  ]);
}

/** `x-...` fields, with their value as YAML, of which JSON is a part. */
function extensions(object: Json): Message[] {
  return Object.entries(object)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => [
      [1, name],
      [2, anyValue(value)],
    ]);
}

function anyValue(value: unknown): Message {
  return [[2, `${stringifyExact(value)}\n`]];
}

function infoMessage(info: Json): Message {
  return [
    [1, text(info['title'])],
    [2, text(info['version'])],
  ];
}

function stringArray(value: unknown): Message {
  return [[1, texts(value)]];
}

function securityItem(definition: Json): Message {
  const apiKey: Message = [
    [1, text(definition['type'])],
    [2, text(definition['name'])],
    [3, text(definition['in'])],
    [4, text(definition['description'])],
  ];
  return [[2, apiKey]];
}

const methodNumbers = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(item: Json): Message {
  return [
    ...Object.entries(methodNumbers).flatMap(
      ([method, number]): Message => (item[method] ? [[number, operation(child(item, method))]] : []),
    ),
    [9, list(item['parameters']).map(parametersItem)],
  ];
}

function operation(object: Json): Message {
  return [
    [1, texts(object['tags'])],
    [3, text(object['description'])],
    [5, text(object['operationId'])],
    [6, texts(object['produces'])],
    [7, texts(object['consumes'])],
    [8, list(object['parameters']).map(parametersItem)],
    [9, [[1, named(child(object, 'responses'), responseValue)]]],
    [10, texts(object['schemes'])],
    [13, extensions(object)],
  ];
}

function parametersItem(object: Json): Message {
  const ref = text(object['$ref']);
  return ref === undefined ? [[1, parameter(object)]] : [[2, [[1, ref]]]];
}

function parameter(object: Json): Message {
  if (object['in'] === 'body') {
    const body: Message = [
      [1, text(object['description'])],
      [2, text(object['name'])],
      [3, text(object['in'])],
      [4, object['required'] === true],
      [5, schema(child(object, 'schema'))],
    ];
    return [[1, body]];
  }
  return [[2, [object['in'] === 'path' ? [4, pathParameter(object)] : [3, queryParameter(object)]]]];
}

function queryParameter(object: Json): Message {
  return [
    [1, object['required'] === true],
    [2, text(object['in'])],
    [3, text(object['description'])],
    [4, text(object['name'])],
    [6, text(object['type'])],
    [20, object['uniqueItems'] === true],
  ];
}

function pathParameter(object: Json): Message {
  return [
    [1, object['required'] === true],
    [2, text(object['in'])],
    [3, text(object['description'])],
    [4, text(object['name'])],
    [5, text(object['type'])],
    [19, object['uniqueItems'] === true],
  ];
}

function responseValue(object: Json): Message {
  const response: Message = [
    [1, text(object['description'])],
    [2, object['schema'] ? [[1, schema(child(object, 'schema'))]] : undefined],
  ];
  return [[1, response]];
}

function schema(object: Json): Message {
  const type = text(object['type']);
  return [
    [1, text(object['$ref'])],
    [2, text(object['format'])],
    [4, text(object['description'])],
    [19, texts(object['required'])],
    [20, Array.isArray(object['enum']) ? object['enum'].map(anyValue) : []],
    [21, object['additionalProperties'] ? [[1, schema(child(object, 'additionalProperties'))]] : undefined],
    [22, type === undefined ? undefined : [[1, [type]]]],
    [23, object['items'] ? [[1, [schema(child(object, 'items'))]]] : undefined],
    [25, object['properties'] ? [[1, named(child(object, 'properties'), schema)]] : undefined],
    [31, extensions(object)],
  ];
}
