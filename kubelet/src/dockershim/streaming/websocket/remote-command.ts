/** exec and attach over WebSocket: channels 0 stdin, 1 stdout, 2 stderr, 3 error, 4 terminal size. */
import {
  endAll,
  errorTextOf,
  type RemoteCommand,
  runCommand,
  type StreamSelection,
  statusOf,
} from '../remote-streams.js';
import { acceptWebSocket, type UpgradeRequest } from './accept.js';
import { openChannels } from './channels.js';

const versions = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

export async function serveWebSocketCommand(
  upgrade: UpgradeRequest,
  selection: StreamSelection,
  command: RemoteCommand,
): Promise<void> {
  const accepted = await acceptWebSocket(upgrade, versions, 'channel.k8s.io');
  if (!accepted) return;
  const { version } = accepted;
  const hasClose = version === 'v5.channel.k8s.io';
  const channels = openChannels(accepted, { base64: version.includes('base64'), closeChannel: hasClose });
  const stdout = selection.stdout ? channels.writer(channel.stdout) : undefined;
  const stderr = selection.stderr && !selection.tty ? channels.writer(channel.stderr) : undefined;
  const errors = channels.writer(channel.error);
  // An empty message tells the client that the connection stands.
  (stdout ?? stderr ?? errors).write(Buffer.alloc(0));
  const outcome = await runCommand(command, {
    stdin: selection.stdin ? channels.reader(channel.stdin) : undefined,
    stdout,
    stderr,
    resize: selection.tty ? channels.reader(channel.resize) : undefined,
    closed: channels.closed,
    stdinNeverEnds: !hasClose,
  });
  await Promise.all([endAll(stdout), endAll(stderr)]);
  const text = /^v[45]\./.test(version) ? JSON.stringify(statusOf(outcome)) : errorTextOf(outcome);
  if (text !== '') errors.write(Buffer.from(text));
  await endAll(errors);
  channels.close();
}
