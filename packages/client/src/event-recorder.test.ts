import { silentLogger } from '@kubelab/component/logger';
import { FakeClock } from '@kubelab/testkit/fake-clock';
import { createEventRecorder } from './event-recorder.js';
import { createMemoryClient } from './testing/memory-client.js';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1', resourceVersion: '7' },
};

function setUp(host?: string) {
  const clock = new FakeClock();
  const client = createMemoryClient();
  const recorder = createEventRecorder({
    client,
    component: 'kubelet',
    clock,
    logger: silentLogger,
    ...(host ? { host } : {}),
  });
  const events = async () => {
    await recorder.flush();
    return [...client.objects.values()] as unknown as Record<string, unknown>[];
  };
  return { clock, client, recorder, events };
}

describe('an event', () => {
  test('says what happened to whom, when, and who says so', async () => {
    const { recorder, events } = setUp('n1');
    recorder.event(pod, 'Normal', 'Pulled', 'Pulled image', { fieldPath: 'spec.containers{c}' });
    expect(await events()).toEqual([
      expect.objectContaining({
        kind: 'Event',
        metadata: expect.objectContaining({ name: expect.stringMatching(/^web\.[0-9a-f]+$/), namespace: 'shop' }),
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'web',
          namespace: 'shop',
          uid: 'u-1',
          resourceVersion: '7',
          fieldPath: 'spec.containers{c}',
        },
        type: 'Normal',
        reason: 'Pulled',
        message: 'Pulled image',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        source: { component: 'kubelet', host: 'n1' },
        reportingComponent: 'kubelet',
        reportingInstance: 'n1',
      }),
    ]);
  });

  test('about something without a namespace lies in default', async () => {
    const { recorder, events } = setUp();
    recorder.event({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }, 'Normal', 'NodeReady', 'ready');
    expect(await events()).toEqual([
      expect.objectContaining({
        metadata: expect.objectContaining({ namespace: 'default' }),
        source: { component: 'kubelet' },
      }),
    ]);
  });

  test('that happens again is counted, also when the object has changed since', async () => {
    const { clock, recorder, events } = setUp();
    for (let time = 0; time < 3; time++) {
      recorder.event(
        { ...pod, metadata: { ...pod.metadata, resourceVersion: String(time) } },
        'Warning',
        'BackOff',
        'Back-off',
      );
      await clock.advance(10_000);
    }
    expect(await events()).toEqual([
      expect.objectContaining({
        count: 3,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:20Z',
      }),
    ]);
  });

  test.each<[string, Parameters<ReturnType<typeof setUp>['recorder']['event']>]>([
    ['message', [pod, 'Warning', 'BackOff', 'other']],
    ['reason', [pod, 'Warning', 'Failed', 'text']],
    ['type', [pod, 'Normal', 'BackOff', 'text']],
    ['object', [{ ...pod, metadata: { ...pod.metadata, uid: 'u-2' } }, 'Warning', 'BackOff', 'text']],
    ['field', [pod, 'Warning', 'BackOff', 'text', { fieldPath: 'spec' }]],
  ])('with another %s is another event', async (_what, args) => {
    const { recorder, events, clock } = setUp();
    recorder.event(pod, 'Warning', 'BackOff', 'text');
    await clock.advance(1000);
    recorder.event(...args);
    expect(await events()).toHaveLength(2);
  });

  test('that is gone meanwhile is written anew with its count', async () => {
    const { client, recorder, events } = setUp();
    recorder.event(pod, 'Warning', 'BackOff', 'text');
    await recorder.flush();
    client.objects.clear();
    recorder.event(pod, 'Warning', 'BackOff', 'text');
    expect(await events()).toEqual([expect.objectContaining({ count: 2, firstTimestamp: '2026-01-01T00:00:00Z' })]);
  });

  test('with a message longer than the API takes is cut', async () => {
    const { recorder, events } = setUp();
    recorder.event(pod, 'Warning', 'Failed', 'x'.repeat(5000));
    expect(String((await events())[0]?.['message'])).toHaveLength(1024);
  });
});

describe('a flood', () => {
  test('of different messages for one reason is told as one from the tenth on', async () => {
    const { recorder, events } = setUp();
    for (let number = 0; number < 14; number++) recorder.event(pod, 'Warning', 'Unhealthy', `attempt ${number}`);
    const all = await events();
    expect(all).toHaveLength(10);
    expect(all.at(-1)).toMatchObject({ message: '(combined from similar events): attempt 13', count: 5 });
  });

  test('that has been over for ten minutes is forgotten', async () => {
    const { clock, recorder, events } = setUp();
    for (let number = 0; number < 10; number++) recorder.event(pod, 'Warning', 'Unhealthy', `attempt ${number}`);
    await clock.advance(601_000);
    recorder.event(pod, 'Warning', 'Unhealthy', 'much later');
    expect((await events()).at(-1)).toMatchObject({ message: 'much later' });
  });

  test('about one object is cut to 25, then one in five minutes; others are not touched', async () => {
    const { clock, recorder, events } = setUp();
    const count = async () => (await events()).reduce((sum, event) => sum + (event['count'] as number), 0);
    for (let number = 0; number < 100; number++) recorder.event(pod, 'Warning', 'BackOff', 'text');
    expect(await count()).toBe(25);
    recorder.event({ ...pod, metadata: { ...pod.metadata, name: 'db', uid: 'u-9' } }, 'Warning', 'BackOff', 'text');
    expect(await count()).toBe(26);
    await clock.advance(300_000);
    for (let number = 0; number < 100; number++) recorder.event(pod, 'Warning', 'BackOff', 'text');
    expect(await count()).toBe(27);
  });
});

test('events that cannot be written are given up; those after them are written', async () => {
  const { client, recorder, events } = setUp();
  client.before = () => {
    throw new Error('namespace is being terminated');
  };
  recorder.event(pod, 'Normal', 'Killing', 'lost');
  await recorder.flush();
  client.before = () => undefined;
  recorder.event(pod, 'Normal', 'Started', 'kept');
  expect(await events()).toEqual([expect.objectContaining({ reason: 'Started' })]);
});
