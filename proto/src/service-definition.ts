/** The gRPC definitions of the CRI's services, made from the generated descriptor. */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs/light.js';
import { descriptor } from './generated/runtime-v1-descriptor.js';

/**
 * How messages look in JavaScript: camelCase names, enums by name, int64 as number (times in nanoseconds lose the last 8 bits or so,
 * byte counts are exact up to 9 PB), every scalar present, an absent message null.
 */
const shape: protobuf.IConversionOptions = {
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
  objects: true,
};

const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace);

export type ServiceName = 'RuntimeService' | 'ImageService';

/** One service with its methods under their gRPC names (`RunPodSandbox`). */
export function defineService(name: ServiceName): ServiceDefinition {
  const service = root.lookupService(`runtime.v1.${name}`);
  return Object.fromEntries(
    service.methodsArray.map((method) => [method.name, defineMethod(name, method.resolve() as protobuf.Method)]),
  );
}

function defineMethod(service: ServiceName, method: protobuf.Method): MethodDefinition<object, object> {
  const request = codec(method.resolvedRequestType);
  const response = codec(method.resolvedResponseType);
  return {
    path: `/runtime.v1.${service}/${method.name}`,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    requestSerialize: request.encode,
    requestDeserialize: request.decode,
    responseSerialize: response.encode,
    responseDeserialize: response.decode,
    originalName: method.name.slice(0, 1).toLowerCase() + method.name.slice(1),
  };
}

interface Codec {
  encode(value: object): Buffer;
  decode(bytes: Buffer): object;
}

function codec(type: protobuf.Type | null): Codec {
  if (!type) throw new Error('unresolved message type');
  return {
    encode: (value) => Buffer.from(type.encode(type.fromObject(value)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), shape),
  };
}

/** The codec of one message, by its name in the package. */
export function messageCodec(name: string): Codec {
  return codec(root.lookupType(`runtime.v1.${name}`));
}
