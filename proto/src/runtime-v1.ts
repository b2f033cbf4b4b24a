/** The Container Runtime Interface over gRPC on a unix socket: typed clients and a server. Message types are in ./generated/runtime-v1.js. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ChannelOptions, Server, ServerCredentials } from '@grpc/grpc-js';
import { adaptHandlers } from './adapt-handlers.js';
import type { ImageService, ImageServiceClient, RuntimeService, RuntimeServiceClient } from './generated/runtime-v1.js';
import { createPromiseClient } from './promise-client.js';
import { defineService } from './service-definition.js';

/** Upstream's limit for one CRI message. */
const maxMessageBytes = 16 * 1024 * 1024;

const limits: ChannelOptions = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

export interface Closable {
  close(): void;
}

/**
 * A client of the runtime at `endpoint` (`unix:///run/containerd/containerd.sock`). Connects with the first call and again whenever the
 * connection broke; while nobody listens calls reject at once with CriError UNAVAILABLE.
 */
export function createRuntimeClient(endpoint: string): RuntimeServiceClient & Closable {
  return createPromiseClient<RuntimeServiceClient>(endpoint, defineService('RuntimeService'), limits);
}

/** As createRuntimeClient, for the image service, which may live at another endpoint. */
export function createImageClient(endpoint: string): ImageServiceClient & Closable {
  return createPromiseClient<ImageServiceClient>(endpoint, defineService('ImageService'), limits);
}

export interface CriServices {
  /** Methods that are missing answer UNIMPLEMENTED. */
  runtime: Partial<RuntimeService>;
  image: Partial<ImageService>;
}

export interface CriServer {
  /** Refuses new calls, lets the running ones end for at most `graceMs` (default 1000) and then cancels them. */
  close(graceMs?: number): Promise<void>;
}

/** Serves both services on a unix socket; a socket file left behind by a dead process is replaced. Only the owner may connect. */
export async function serveCri(socketPath: string, services: CriServices): Promise<CriServer> {
  const server = new Server(limits);
  const runtime = defineService('RuntimeService');
  const image = defineService('ImageService');
  server.addService(runtime, adaptHandlers(runtime, services.runtime));
  server.addService(image, adaptHandlers(image, services.image));
  mkdirSync(dirname(socketPath), { recursive: true });
  rmSync(socketPath, { force: true });
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix://${socketPath}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  } finally {
    process.umask(umask);
  }
  return { close: (graceMs = 1000) => closeServer(server, socketPath, graceMs) };
}

async function closeServer(server: Server, socketPath: string, graceMs: number): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
  rmSync(socketPath, { force: true });
}
