/** Renders the messages, enums and services of one protobuf package as TypeScript declarations. */
import protobuf from 'protobufjs';

const scalars: Record<string, string> = {
  string: 'string',
  bool: 'boolean',
  bytes: 'Buffer',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  uint64: 'number',
  double: 'number',
};

/** The whole module: every message twice (as received, and as sent with every field optional) and the services from both sides. */
export function renderTypes(namespace: protobuf.Namespace): string {
  const parts = ["import type { CallContext, CallOptions } from '../call.js';"];
  const services: protobuf.Service[] = [];
  for (const entry of namespace.nestedArray) {
    if (entry instanceof protobuf.Enum) parts.push(renderEnum(entry));
    else if (entry instanceof protobuf.Type) parts.push(...renderMessage(entry));
    else if (entry instanceof protobuf.Service) services.push(entry);
  }
  parts.push(renderIndex(namespace));
  parts.push(...services.flatMap((service) => [renderClient(service), renderHandlers(service)]));
  return `${parts.join('\n\n')}\n`;
}

/** Message name to its two types, for functions that take any message by name. */
function renderIndex(namespace: protobuf.Namespace): string {
  const names = namespace.nestedArray.filter((entry) => entry instanceof protobuf.Type).map(({ name }) => name);
  const lines = names.map((name) => `  ${name}: { received: ${name}; sent: ${name}Input };`);
  return `/** Both types of every message. */\n${renderInterface('Messages', lines)}`;
}

function renderEnum(entry: protobuf.Enum): string {
  const names = Object.keys(entry.values).map((name) => `'${name}'`);
  return `export type ${flatName(entry)} =\n  | ${names.join('\n  | ')};`;
}

function renderMessage(type: protobuf.Type): string[] {
  const nested = type.nestedArray.flatMap((entry) => (entry instanceof protobuf.Enum ? [renderEnum(entry)] : []));
  const name = flatName(type);
  const received = type.fieldsArray.map((field) => `  ${field.name}: ${receivedType(field)};`);
  const sent = type.fieldsArray.map((field) => `  ${field.name}?: ${sentType(field)} | null | undefined;`);
  return [...nested, renderInterface(name, received), renderInterface(`${name}Input`, sent)];
}

function renderInterface(name: string, lines: string[]): string {
  return lines.length > 0
    ? `export interface ${name} {\n${lines.join('\n')}\n}`
    : `export type ${name} = Record<never, never>;`;
}

function receivedType(field: protobuf.Field): string {
  const base = baseType(field, '');
  if (field.repeated || field instanceof protobuf.MapField) return base;
  return field.resolvedType instanceof protobuf.Type ? `${base} | null` : base;
}

function sentType(field: protobuf.Field): string {
  return baseType(field, 'Input');
}

function baseType(field: protobuf.Field, suffix: string): string {
  const resolved = field.resolvedType;
  const element = resolved
    ? flatName(resolved) + (resolved instanceof protobuf.Type ? suffix : '')
    : scalars[field.type];
  if (!element) throw new Error(`${field.fullName}: no TypeScript type for ${field.type}`);
  if (field instanceof protobuf.MapField) return `Record<string, ${element}>`;
  return field.repeated ? `${element}[]` : element;
}

/** `SecurityProfile.ProfileType` becomes `SecurityProfileProfileType`. */
function flatName(entry: protobuf.ReflectionObject): string {
  const parent = entry.parent;
  return parent instanceof protobuf.Type ? flatName(parent) + entry.name : entry.name;
}

function renderClient(service: protobuf.Service): string {
  const methods = service.methodsArray.map((method) => {
    const response = method.responseStream
      ? `AsyncIterable<${method.responseType}>`
      : `Promise<${method.responseType}>`;
    return `  ${lowerFirst(method.name)}(request: ${method.requestType}Input, options?: CallOptions): ${response};`;
  });
  return `/** ${service.name} as a client calls it. Every method rejects with CriError. */\n${renderInterface(`${service.name}Client`, methods)}`;
}

function renderHandlers(service: protobuf.Service): string {
  const methods = service.methodsArray.map((method) => {
    const type = `${method.responseType}Input`;
    const response = method.responseStream ? `AsyncIterable<${type}>` : `Promise<${type}>`;
    return `  ${lowerFirst(method.name)}(request: ${method.requestType}, context: CallContext): ${response};`;
  });
  return `/** ${service.name} as a server answers it. A thrown CriError becomes its gRPC status, anything else UNKNOWN. */\n${renderInterface(service.name, methods)}`;
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
