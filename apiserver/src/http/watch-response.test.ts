import { FakeClock, settle } from '@kubelab/testkit/fake-clock';
import type { ResourceStore, Watcher, WatchSink } from '../storage/store.js';
import type { WatchEncoder } from './watch-events.js';
import { serveWatch } from './watch-response.js';
import type { WatchTransport } from './watch-transport.js';

/** A connection whose client takes everything, or nothing. */
class Connection implements WatchTransport {
  readonly said: string[] = [];
  readonly congested = false;
  gone = false;

  constructor(private readonly reads: boolean) {}

  open(): void {
    this.said.push('open');
  }
  send(): boolean {
    return true;
  }
  sendRaw(): void {
    this.said.push('error');
  }
  end(over: () => void): void {
    this.said.push('end');
    if (this.reads) over();
  }
  destroy(): void {
    this.said.push('destroy');
  }
  listen(): void {
    // Neither closes nor drains by itself.
  }
}

function watchOf(transport: Connection): {
  clock: FakeClock;
  sink(): WatchSink;
  over: Promise<void>;
  closed(): number;
} {
  const clock = new FakeClock();
  let sink: WatchSink | undefined;
  let closed = 0;
  const watcher: Watcher = { close: () => closed++, pause: () => undefined, resume: () => undefined };
  const store = {
    watch(_options: unknown, given: WatchSink): Promise<Watcher> {
      sink = given;
      return Promise.resolve(watcher);
    },
  } as unknown as ResourceStore;
  const over = serveWatch({
    store,
    options: {},
    encoder: {} as WatchEncoder,
    transport,
    timeoutMs: 60_000,
    drainMs: 30_000,
    clock,
    stopping: new AbortController().signal,
  });
  return { clock, sink: () => sink as WatchSink, over, closed: () => closed };
}

test('a watch ends cleanly when its time is up', async () => {
  const transport = new Connection(true);
  const { clock, over, closed } = watchOf(transport);
  await settle();
  await clock.advance(60_000);
  await over;
  await clock.advance(60_000);
  expect([transport.said, closed(), clock.pending]).toEqual([['open', 'open', 'end'], 1, 0]);
});

test('one whose client does not read is cut off after a while', async () => {
  const transport = new Connection(false);
  const { clock, over, sink } = watchOf(transport);
  await settle();
  sink().onEnd();
  await over;
  await clock.advance(29_999);
  expect(transport.said).not.toContain('destroy');
  await clock.advance(1);
  expect(transport.said).toEqual(['open', 'open', 'end', 'destroy']);
});

test('one whose client went away before it began does not stay', async () => {
  const transport = new Connection(true);
  transport.gone = true;
  const { over, closed, clock } = watchOf(transport);
  await over;
  await settle();
  expect([transport.said, closed(), clock.pending]).toEqual([[], 1, 0]);
});
