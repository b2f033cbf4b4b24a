/**
 * Port-forward over WebSocket, in two ways: SPDY carried in the messages (kubectl), or two channels per port that the request names, of
 * which the first message in each direction is the port number (older libraries).
 */
import { Duplex } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import { createWebSocketStream } from 'ws';
import { forward, forwardError, type PortForwarder } from '../port-forwarder.js';
import { endAll } from '../remote-streams.js';
import { forwardOverSpdy } from '../spdy/port-forward.js';
import { acceptWebSocket, type UpgradeRequest } from './accept.js';
import { type Channels, openChannels } from './channels.js';

const tunnel = 'SPDY/3.1+portforward.k8s.io';
const versions = [tunnel, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const;

export async function serveWebSocketPortForward(
  upgrade: UpgradeRequest,
  ports: readonly number[],
  forwarder: PortForwarder,
  clock: Clock,
): Promise<void> {
  try {
    const accepted = await acceptWebSocket(upgrade, versions, 'v4.channel.k8s.io');
    if (!accepted) return;
    const { version, websocket } = accepted;
    if (version === tunnel) {
      await forwardOverSpdy(createWebSocketStream(websocket), forwarder, clock);
      return;
    }
    const channels = openChannels(accepted, { base64: version.includes('base64'), closeChannel: false });
    await Promise.all(ports.map((port, index) => serveChannelPair(channels, port, index * 2, forwarder)));
    channels.close();
  } finally {
    forwarder.close();
  }
}

async function serveChannelPair(
  channels: Channels,
  port: number,
  first: number,
  forwarder: PortForwarder,
): Promise<void> {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  const writable = channels.writer(first);
  const errors = channels.writer(first + 1);
  writable.write(number);
  errors.write(number);
  const data = Duplex.from({ readable: channels.reader(first), writable });
  try {
    await forward(data, port, forwarder, { clientEnds: false });
  } catch (error) {
    errors.write(forwardError(port, forwarder, error));
  }
  await endAll(errors);
}
