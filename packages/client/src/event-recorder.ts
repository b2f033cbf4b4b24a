import type { ResourceType } from '@kubelab/api/resource';
import type { Draft, KubeObject } from '@kubelab/apimachinery/meta';
import { isNotFound } from '@kubelab/apimachinery/status-error';
import { type Clock, timestamp } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type { KubeClient } from './client.js';
import { TokenBuckets } from './token-buckets.js';

/** What an event is about. */
export interface EventTarget {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; uid?: string; resourceVersion?: string };
}

export type EventType = 'Normal' | 'Warning';

/**
 * Tells users what happened to an object, as core/v1 Events. Repetitions raise a count instead of adding objects, and a flood about one
 * object is cut (upstream's client-go event correlator: 25 at once, then one in five minutes).
 */
export interface EventRecorder {
  event(target: EventTarget, type: EventType, reason: string, message: string, options?: { fieldPath?: string }): void;
  /** Resolves when everything recorded so far has been sent or given up. */
  flush(): Promise<void>;
}

interface EventObject extends KubeObject {
  involvedObject: Record<string, string>;
  reason: string;
  message: string;
  type: EventType;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string; host?: string };
  reportingComponent: string;
  reportingInstance: string;
}

const events: ResourceType<EventObject> = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

const rememberedEvents = 4096;
const similarEventsLimit = 10;
const similarEventsWindowMs = 600_000;
const combined = '(combined from similar events): ';

export interface EventRecorderOptions {
  client: KubeClient;
  component: string;
  /** Node name for programs that run on one. */
  host?: string;
  clock: Clock;
  logger: Logger;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new CorrelatingRecorder(options);
}

interface Seen {
  name: string;
  namespace: string;
  count: number;
  firstTimestamp: string;
}

class CorrelatingRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #similar = new Map<string, { messages: Set<string>; last: number }>();
  readonly #buckets: TokenBuckets;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#buckets = new TokenBuckets({ burst: 25, refillMs: 300_000, clock: options.clock });
  }

  event(
    target: EventTarget,
    type: EventType,
    reason: string,
    message: string,
    options: { fieldPath?: string } = {},
  ): void {
    const involved = reference(target, options.fieldPath);
    const about = `${involved['kind']}/${involved['namespace']}/${involved['name']}/${involved['uid']}`;
    if (!this.#buckets.take(about)) return;
    const text = this.#aggregate(`${about}/${type}/${reason}`, message);
    const time = timestamp(this.#options.clock);
    const write = (): Promise<void> => this.#write({ involved, type, reason, message: text, time });
    this.#tail = this.#tail.then(write).catch((error: unknown) => {
      this.#options.logger.warn('Event could not be written', { error, reason, object: about });
    });
  }

  flush(): Promise<void> {
    return this.#tail;
  }

  /** From the tenth different message for one reason on, they are told as one that counts, until there was none for ten minutes. */
  #aggregate(group: string, message: string): string {
    const now = this.#options.clock.now();
    let entry = this.#similar.get(group);
    if (!entry || now - entry.last > similarEventsWindowMs) entry = { messages: new Set(), last: now };
    entry.last = now;
    remember(this.#similar, group, entry);
    if (entry.messages.size < similarEventsLimit) entry.messages.add(message);
    return entry.messages.size < similarEventsLimit ? message : `${combined}${message}`;
  }

  async #write(event: {
    involved: Record<string, string>;
    type: EventType;
    reason: string;
    message: string;
    time: string;
  }): Promise<void> {
    const text = event.message.startsWith(combined) ? '' : event.message;
    const { resourceVersion: _changes, ...identity } = event.involved;
    const key = JSON.stringify([identity, event.type, event.reason, text]);
    const seen = this.#seen.get(key);
    if (seen) {
      seen.count++;
      const patch = { count: seen.count, lastTimestamp: event.time, message: event.message };
      try {
        await this.#options.client.patch(events, seen.name, seen.namespace, 'strategic', patch);
        return;
      } catch (error) {
        // Events live for an hour only; one that is gone is written anew with its count.
        if (!isNotFound(error)) throw error;
      }
    }
    const created = seen ?? {
      name: '',
      namespace: event.involved['namespace'] || 'default',
      count: 1,
      firstTimestamp: event.time,
    };
    created.name = `${event.involved['name']}.${this.#suffix()}`;
    await this.#options.client.create(events, this.#draft(event, created));
    remember(this.#seen, key, created);
  }

  #draft(
    event: { involved: Record<string, string>; type: EventType; reason: string; message: string; time: string },
    seen: Seen,
  ): Draft<EventObject> {
    const { component, host } = this.#options;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: seen.name, namespace: seen.namespace },
      involvedObject: event.involved,
      reason: event.reason,
      message: event.message.slice(0, 1024),
      type: event.type,
      count: seen.count,
      firstTimestamp: seen.firstTimestamp,
      lastTimestamp: event.time,
      source: { component, ...(host ? { host } : {}) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }

  #suffix(): string {
    return (BigInt(this.#options.clock.now()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000))).toString(
      16,
    );
  }
}

function reference(target: EventTarget, fieldPath: string | undefined): Record<string, string> {
  const { name, namespace, uid, resourceVersion } = target.metadata;
  return {
    kind: target.kind,
    ...(namespace ? { namespace } : {}),
    name,
    ...(uid ? { uid } : {}),
    apiVersion: target.apiVersion,
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(fieldPath ? { fieldPath } : {}),
  };
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > rememberedEvents) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
  }
}
