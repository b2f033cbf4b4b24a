/** What port-forward sees of the pod: connections to its ports, as if made from inside. */
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface PortForwarder {
  /** Connects to a TCP port of the pod; rejects when nobody listens. */
  dial(port: number): Promise<Duplex>;
  /** How the pod is called in error messages. */
  readonly pod: string;
  /** The client is gone. */
  close(): void;
}

/**
 * Carries bytes both ways until both sides have said all, each side's end passed on on its own; where the client has no way to say so, until the
 * pod's side has. Rejects when nobody listens on the port.
 */
export async function forward(
  client: Duplex,
  port: number,
  forwarder: PortForwarder,
  options: { clientEnds: boolean } = { clientEnds: true },
): Promise<void> {
  const target = await forwarder.dial(port);
  if (client.destroyed) {
    target.destroy();
    return;
  }
  const stop = (): void => void target.destroy();
  client.once('close', stop);
  // A broken connection on either side is an end like any other: the client notices it as a closed stream.
  const upload = pipeline(client, target).catch(() => undefined);
  const download = pipeline(target, client).catch(() => undefined);
  await Promise.all(options.clientEnds ? [upload, download] : [download]);
  client.off('close', stop);
  target.destroy();
}

/** Ports of a request or a header; throws an Error that says what is wrong. */
export function parsePort(text: string | undefined): number {
  const port = Number(text);
  if (!/^\d+$/.test(text ?? '') || port < 1 || port > 65535) throw new Error(`"${text ?? ''}" is not a valid port`);
  return port;
}

export function forwardError(port: number, forwarder: PortForwarder, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `error forwarding port ${port} to pod ${forwarder.pod}: ${message}`;
}
