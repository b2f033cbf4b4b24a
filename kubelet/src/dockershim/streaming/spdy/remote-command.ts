/** exec and attach over SPDY: one stream each for error, stdin, stdout, stderr and terminal sizes, opened by the client in any order. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import {
  endAll,
  errorTextOf,
  type RemoteCommand,
  runCommand,
  type StreamSelection,
  statusOf,
} from '../remote-streams.js';
import { SpdyConnection } from './connection.js';
import type { SpdyStream } from './stream.js';
import { upgradeToSpdy } from './upgrade.js';

const versions = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;
type Version = (typeof versions)[number];

/** A client has this long to open its streams. */
const creationMs = 30_000;

export interface SpdyRequest {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  clock: Clock;
}

export async function serveSpdyCommand(
  { request, socket, head, clock }: SpdyRequest,
  selection: StreamSelection,
  command: RemoteCommand,
): Promise<void> {
  const version = upgradeToSpdy(request, socket, head, versions);
  if (version === undefined) return;
  const expected = expectedStreams(selection, version);
  const opening = new OpeningStreams(expected);
  const connection = new SpdyConnection(socket, (stream) => opening.add(stream));
  const reading = connection.run();
  try {
    const streams = await opening.complete(connection.closed, clock);
    const outcome = await runCommand(command, {
      stdin: streams.get('stdin'),
      stdout: streams.get('stdout'),
      stderr: streams.get('stderr'),
      resize: streams.get('resize'),
      closed: connection.closed,
      stdinNeverEnds: false,
    });
    await Promise.all([endAll(streams.get('stdout')), endAll(streams.get('stderr'))]);
    const errors = streams.get('error');
    const text = version === 'v4.channel.k8s.io' ? JSON.stringify(statusOf(outcome)) : errorTextOf(outcome);
    if (text !== '') errors?.write(text);
    await endAll(errors);
  } finally {
    connection.close(clock);
  }
  await reading;
}

type StreamType = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

function expectedStreams({ stdin, stdout, stderr, tty }: StreamSelection, version: Version): Set<StreamType> {
  const expected = new Set<StreamType>(['error']);
  if (stdin) expected.add('stdin');
  if (stdout) expected.add('stdout');
  if (stderr && !tty) expected.add('stderr');
  if (tty && (version === 'v4.channel.k8s.io' || version === 'v3.channel.k8s.io')) expected.add('resize');
  return expected;
}

class OpeningStreams {
  private readonly streams = new Map<StreamType, SpdyStream>();
  private onComplete: () => void = () => undefined;

  constructor(private readonly expected: ReadonlySet<StreamType>) {}

  add(stream: SpdyStream): boolean {
    const type = (stream.headers.get('streamtype') ?? '') as StreamType;
    if (!this.expected.has(type) || this.streams.has(type)) return false;
    this.streams.set(type, stream);
    if (this.streams.size === this.expected.size) this.onComplete();
    return true;
  }

  /** Rejects when the client leaves or takes too long. */
  complete(closed: AbortSignal, clock: Clock): Promise<ReadonlyMap<StreamType, SpdyStream>> {
    return new Promise((resolve, reject) => {
      const timeout = clock.setTimeout(
        () => reject(new Error('timed out waiting for client to create streams')),
        creationMs,
      );
      const gone = (): void => {
        timeout.clear();
        reject(new Error('the client left before it had opened its streams'));
      };
      closed.addEventListener('abort', gone, { once: true });
      this.onComplete = () => {
        timeout.clear();
        closed.removeEventListener('abort', gone);
        resolve(this.streams);
      };
      if (closed.aborted) gone();
      if (this.streams.size === this.expected.size) this.onComplete();
    });
  }
}
