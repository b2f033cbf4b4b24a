import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { probeUserAgent } from './http-get.js';

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
const servingStatus = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** Asks grpc.health.v1.Health/Check. Rejects with grpc-health-probe's words unless the service is serving. */
export async function grpcHealth(options: {
  host: string;
  port: number;
  service: string;
  timeoutMs: number;
}): Promise<void> {
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const address = `${host}:${options.port}`;
  const client = new Client(address, credentials.createInsecure(), { 'grpc.primary_user_agent': probeUserAgent });
  try {
    const answer = await check(client, options, address);
    if (answer !== 'SERVING') throw new Error(`service unhealthy (responded with "${answer}")`);
  } finally {
    client.close();
  }
}

function check(client: Client, options: { service: string; timeoutMs: number }, address: string): Promise<string> {
  const deadline = new Date(Date.now() + options.timeoutMs);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      encodeRequest,
      decodeResponse,
      options.service,
      new Metadata(),
      { deadline },
      (error: ServiceError | null, value?: string) => {
        if (!error) resolve(value ?? 'UNKNOWN');
        else reject(new Error(explain(error, options, address)));
      },
    );
  });
}

function explain(error: ServiceError, options: { service: string; timeoutMs: number }, address: string): string {
  switch (error.code) {
    case status.UNIMPLEMENTED:
      return 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)';
    case status.DEADLINE_EXCEEDED:
      return `timeout: health rpc did not complete within ${options.timeoutMs / 1000}s`;
    case status.UNAVAILABLE:
      return `timeout: failed to connect service "${address}" within ${options.timeoutMs / 1000}s: ${error.details}`;
    default:
      return `error: health rpc probe failed: ${error.message}`;
  }
}

/** Message with one string in field 1. */
function encodeRequest(service: string): Buffer {
  const text = Buffer.from(service);
  if (text.length === 0) return Buffer.alloc(0);
  const length: number[] = [];
  for (let rest = text.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), text]);
}

/** Message with one enum in field 1. */
function decodeResponse(message: Buffer): string {
  const value = message[0] === 0x08 ? (message[1] ?? 0) : 0;
  return servingStatus[value] ?? 'UNKNOWN';
}
