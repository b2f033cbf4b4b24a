/** Promise and async-iterable handlers as grpc-js wants them. */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerErrorResponse,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { CallContext } from './call.js';
import { CriError } from './cri-error.js';

type Handler = (request: object, context: CallContext) => Promise<object> | AsyncIterable<object>;

/** `handlers` has methods in lower camel case; those that are missing answer UNIMPLEMENTED. */
export function adaptHandlers(definition: ServiceDefinition, handlers: object): UntypedServiceImplementation {
  const byName = handlers as Record<string, Handler | undefined>;
  return Object.fromEntries(
    Object.values(definition).map((method) => {
      const handler = byName[method.originalName ?? '']?.bind(handlers) ?? unimplemented(method);
      return [method.originalName, method.responseStream ? adaptStream(handler) : adaptUnary(handler)];
    }),
  );
}

function unimplemented(method: MethodDefinition<object, object>): Handler {
  return () => {
    throw new CriError('UNIMPLEMENTED', `method ${method.path.split('/')[2]} not implemented`);
  };
}

function adaptUnary(handler: Handler): handleUnaryCall<object, object> {
  return (call, callback) => {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort(new CriError('CANCELLED', 'the client has gone')));
    void answer(handler, call.request, abort.signal).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    );
  };
}

async function answer(handler: Handler, request: object, signal: AbortSignal): Promise<object> {
  return (await handler(request, { signal })) as object;
}

function adaptStream(handler: Handler): handleServerStreamingCall<object, object> {
  return (call) => {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort(new CriError('CANCELLED', 'the client has gone')));
    const pump = async (): Promise<void> => {
      for await (const message of handler(call.request, { signal: abort.signal }) as AsyncIterable<object>) {
        if (abort.signal.aborted) return;
        if (!call.write(message)) await drained(call, abort.signal);
      }
    };
    void pump().then(
      () => call.end(),
      (error: unknown) => call.emit('error', toStatus(error)),
    );
  };
}

function drained(call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

function toStatus(error: unknown): Partial<ServerErrorResponse> {
  if (error instanceof CriError) return { code: status[error.code], details: error.message };
  return { code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) };
}
