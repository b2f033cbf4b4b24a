/** Follows the engine's event stream and looks itself from time to time, in case an event got lost or the engine was away. */
import type { Readable } from 'node:stream';
import type { Clock } from '@kubelab/component/clock';
import type { Logger } from '@kubelab/component/logger';
import type Docker from 'dockerode';
import { jsonLines } from '../engine/json-lines.js';
import { label, labelFilter } from '../engine/names.js';
import { type Change, changesBetween, type Phase, phaseAfter, phaseOf } from './changes.js';

/** One change of a container or sandbox of ours. */
export interface EngineChange extends Change {
  /** The sandbox it belongs to, its own ID for a sandbox. */
  sandboxId: string;
  /** Nanoseconds since the epoch. */
  time: number;
}

export interface EngineEventsOptions {
  docker: Docker;
  clock: Clock;
  logger: Logger;
  relistPeriodMs: number;
  /** Called in order; must not throw. */
  onChange(change: EngineChange): void;
  onImageChange(): void;
  /** Something about one container or sandbox may be different now, whatever it is. Before its onChange. */
  onTouched(id: string): void;
  /** Whether events arrive from now on: without them nobody hears of changes. */
  onFollowing(following: boolean): void;
  /** The engine answers again (first of all at the start): it may be another one, and containers may have died with the old. */
  onConnected(): void;
}

interface EngineEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  timeNano: number;
}

const reconnectMs = 500;
const containerEvents = ['create', 'start', 'die', 'destroy', 'oom', 'pause', 'unpause', 'rename', 'update'];
const imageEvents = ['pull', 'tag', 'untag', 'delete', 'load', 'import'];

export class EngineEvents {
  private readonly phases = new Map<string, Phase>();
  private readonly sandboxes = new Map<string, string>();
  private listed = false;
  /** Counts events, so that a list which was overtaken by one is recognised. */
  private handled = 0;

  constructor(private readonly options: EngineEventsOptions) {}

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.options;
    let reachable = true;
    while (!signal.aborted) {
      try {
        await this.followOnce(signal);
        reachable = true;
      } catch (error) {
        if (reachable && !signal.aborted) logger.warn('The engine’s event stream broke', { error });
        reachable = false;
      }
      await clock.sleep(reconnectMs, signal).catch(() => undefined);
    }
  }

  private async followOnce(signal: AbortSignal): Promise<void> {
    const { docker, onConnected } = this.options;
    const stream = (await docker.getEvents({
      filters: {
        type: ['container', 'image'],
        event: [...containerEvents, ...imageEvents],
      },
    })) as Readable;
    const end = new AbortController();
    const onAbort = (): void => void stream.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      onConnected();
      // Events queue in the stream meanwhile; those that the list knows already change nothing.
      await this.relist();
      void this.relistPeriodically(end.signal);
      this.options.onFollowing(true);
      for await (const event of jsonLines<EngineEvent>(stream)) this.handle(event);
    } finally {
      this.options.onFollowing(false);
      end.abort();
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
    }
  }

  private async relistPeriodically(signal: AbortSignal): Promise<void> {
    const { clock, relistPeriodMs, logger } = this.options;
    while (!signal.aborted) {
      try {
        await clock.sleep(relistPeriodMs, signal);
        await this.relist();
      } catch (error) {
        if (!signal.aborted) logger.warn('Listing the engine’s containers failed', { error });
      }
    }
  }

  /** The first look only tells what there is: nobody missed those events. */
  private async relist(): Promise<void> {
    const handled = this.handled;
    const listed = await this.options.docker.listContainers({ all: true, filters: labelFilter(undefined) });
    if (handled !== this.handled) return;
    const after = new Map(listed.map(({ Id, State }) => [Id, phaseOf(State)]));
    for (const { Id, Labels } of listed) this.sandboxes.set(Id, Labels[label.sandboxId] ?? Id);
    const changes = this.listed ? changesBetween(this.phases, after) : [];
    this.listed = true;
    for (const change of changes) {
      this.options.onTouched(change.id);
      this.emit(change, this.options.clock.now() * 1e6);
    }
    this.phases.clear();
    for (const [id, phase] of after) this.phases.set(id, phase);
    for (const id of this.sandboxes.keys()) if (!after.has(id)) this.sandboxes.delete(id);
  }

  private handle(event: EngineEvent): void {
    if (event.Type === 'image') {
      this.options.onImageChange();
      return;
    }
    const { ID: id, Attributes: attributes } = event.Actor;
    this.options.onTouched(id);
    const phase = phaseAfter(event.Action);
    if (phase === undefined || attributes[label.type] === undefined) return;
    this.sandboxes.set(id, attributes[label.sandboxId] ?? id);
    this.handled++;
    const known = this.phases.get(id);
    const before = new Map(known === undefined ? [] : [[id, known]]);
    const after = new Map(phase === null ? [] : [[id, phase]]);
    for (const change of changesBetween(before, after)) this.emit(change, event.timeNano);
    if (phase === null) this.forget(id);
    else this.phases.set(id, phase);
  }

  /** Those that are there as far as events tell. */
  containersOf(sandboxId: string): string[] {
    return [...this.sandboxes].filter(([id, sandbox]) => sandbox === sandboxId && id !== sandboxId).map(([id]) => id);
  }

  private forget(id: string): void {
    this.phases.delete(id);
    this.sandboxes.delete(id);
  }

  private emit(change: Change, time: number): void {
    this.options.onChange({ ...change, sandboxId: this.sandboxes.get(change.id) ?? change.id, time });
  }
}
