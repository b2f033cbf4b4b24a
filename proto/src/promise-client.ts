/** A gRPC client whose methods return promises, or async iterables for server streams. */
import {
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  type CallOptions as GrpcCallOptions,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { CallOptions } from './call.js';
import { type CriCode, CriError } from './cri-error.js';

/** A runtime that comes back after a restart is found again within this time. */
const reconnect: ChannelOptions = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** One property per method of `definition`, in lower camel case; the caller vouches that T matches it. */
export function createPromiseClient<T extends object>(
  endpoint: string,
  definition: ServiceDefinition,
  options: ChannelOptions,
): T & { close(): void } {
  const client = new Client(endpoint, credentials.createInsecure(), { ...reconnect, ...options });
  const methods = Object.values(definition).map((method) => [
    method.originalName,
    method.responseStream
      ? (request: object, call: CallOptions = {}) => callStream(client, method, request, call)
      : (request: object, call: CallOptions = {}) => callUnary(client, method, request, call),
  ]);
  return { ...Object.fromEntries(methods), close: () => client.close() };
}

function callUnary(
  client: Client,
  method: MethodDefinition<object, object>,
  request: object,
  options: CallOptions,
): Promise<object> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(cancelled(method, options.signal));
      return;
    }
    let release = (): void => {};
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      grpcOptions(options),
      (error, response) => {
        release();
        if (error) reject(toCriError(error, method, options));
        else resolve(response as object);
      },
    );
    release = cancelOn(options.signal, call);
  });
}

async function* callStream(
  client: Client,
  method: MethodDefinition<object, object>,
  request: object,
  options: CallOptions,
): AsyncGenerator<object> {
  if (options.signal?.aborted) throw cancelled(method, options.signal);
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    new Metadata(),
    grpcOptions(options),
  );
  const release = cancelOn(options.signal, call);
  try {
    for await (const message of call) yield message as object;
  } catch (error) {
    throw toCriError(error as ServiceError, method, options);
  } finally {
    release();
    call.cancel();
  }
}

function grpcOptions({ timeoutMs }: CallOptions): GrpcCallOptions {
  return timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + timeoutMs) };
}

function cancelOn(signal: AbortSignal | undefined, call: ClientUnaryCall | ClientReadableStream<object>): () => void {
  if (!signal) return () => {};
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

function cancelled(method: MethodDefinition<object, object>, signal: AbortSignal): CriError {
  return new CriError('CANCELLED', `${method.path}: cancelled by the caller`, { cause: signal.reason });
}

function toCriError(error: ServiceError, method: MethodDefinition<object, object>, { signal }: CallOptions): CriError {
  if (error.code === status.CANCELLED && signal?.aborted) return cancelled(method, signal);
  const code = status[error.code] as CriCode | undefined;
  return new CriError(code ?? 'UNKNOWN', error.details ?? error.message, { cause: error });
}
