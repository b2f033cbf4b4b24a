/** Port-forward over SPDY: the client opens an error and a data stream per connection, paired by their request ID. */
import type { Duplex } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import { forward, forwardError, type PortForwarder, parsePort } from '../port-forwarder.js';
import { endAll } from '../remote-streams.js';
import { SpdyConnection } from './connection.js';
import type { SpdyRequest } from './remote-command.js';
import type { SpdyStream } from './stream.js';
import { upgradeToSpdy } from './upgrade.js';

export async function serveSpdyPortForward(
  { request, socket, head, clock }: SpdyRequest,
  forwarder: PortForwarder,
): Promise<void> {
  try {
    if (upgradeToSpdy(request, socket, head, ['portforward.k8s.io']) === undefined) return;
    await forwardOverSpdy(socket, forwarder, clock);
  } finally {
    forwarder.close();
  }
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

/** Serves pairs of streams until the client goes away. */
export async function forwardOverSpdy(socket: Duplex, forwarder: PortForwarder, clock: Clock): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(socket, (stream) => {
    const type = stream.headers.get('streamtype');
    const id = stream.headers.get('requestid');
    if ((type !== 'data' && type !== 'error') || !id) return false;
    const pair = pairs.get(id) ?? {};
    if (pair[type]) return false;
    pair[type] = stream;
    pairs.set(id, pair);
    if (!pair.data || !pair.error) return true;
    pairs.delete(id);
    void servePair(pair.data, pair.error, forwarder);
    return true;
  });
  await connection.run();
  connection.close(clock);
}

async function servePair(data: SpdyStream, errors: SpdyStream, forwarder: PortForwarder): Promise<void> {
  // Nothing is ever sent on the error stream by the client, but its end has to be read for the stream to close.
  errors.resume();
  let port = 0;
  try {
    port = parsePort(data.headers.get('port'));
    await forward(data, port, forwarder);
  } catch (error) {
    errors.write(forwardError(port, forwarder, error));
  }
  await endAll(errors);
  await endAll(data);
}
