/** A client of the API as client-go's reflector: lists, watches from there, goes on where it was when the watch ends, lists again when it must. */

import type { TestClient, TestWatch } from './test-client.js';

export interface SeenEvent {
  type: string;
  name: string;
  revision: number;
}

export interface ReflectorOptions {
  /** Of the collection: `/api/v1/namespaces/default/configmaps`. */
  path: string;
  /** Whom to ask; called anew for every list and watch, so that a client may go to another server in the middle. */
  client(): TestClient;
}

interface WatchedObject {
  metadata: { name: string; resourceVersion: string };
}

type WatchLine =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: WatchedObject }
  | { type: 'ERROR'; object: { code: number; reason: string; message: string } };

const pauseMs = 50;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));

export class HttpReflector {
  /** Everything since the last list, in the order in which it came. */
  events: SeenEvent[] = [];
  /** Of the last list: name to resourceVersion. */
  listed = new Map<string, number>();
  lists = 0;
  /** Answers other than 200, and errors in the stream: `CODE reason`; or why there was no answer. */
  readonly refusals: string[] = [];
  #revision = 0;
  #watch: TestWatch | undefined;
  #stopped = false;
  readonly #options: ReflectorOptions;
  readonly #running: Promise<void>;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** The newest version it has seen. */
  get revision(): number {
    return this.#revision;
  }

  /** Breaks the watch on the client's side. */
  interrupt(): void {
    this.#watch?.stop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (!(await this.#turn())) await pause();
    }
  }

  async #turn(): Promise<boolean> {
    try {
      return this.#revision === 0 ? await this.#list() : await this.#follow();
    } catch (error) {
      this.refusals.push(String(error));
      return false;
    }
  }

  async #list(): Promise<boolean> {
    const { code, body } = await this.#options.client().get(this.#options.path);
    if (code !== 200) {
      this.refusals.push(`${code} ${body?.reason}`);
      return false;
    }
    const items = body.items as WatchedObject[];
    this.listed = new Map(items.map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]));
    this.events = [];
    this.lists++;
    this.#revision = Number(body.metadata.resourceVersion);
    return true;
  }

  async #follow(): Promise<boolean> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${this.#revision}`;
    const watch = await this.#options.client().watch(`${this.#options.path}?${query}`);
    this.#watch = watch;
    if (this.#stopped) watch.stop();
    if (watch.code !== 200) {
      this.refusals.push(`${watch.code} of the watch`);
      watch.stop();
      return false;
    }
    // A stream that was broken off never says that it has no more lines. Those that it had are on their way when it closes.
    const over = watch.ended.then(pause).then(() => undefined);
    for (let count = 0; ; count++) {
      const line = (await Promise.race([watch.next().catch(() => undefined), over])) as WatchLine | undefined;
      if (line === undefined) return count > 0;
      if (!this.#take(line)) return false;
    }
  }

  /** False when the watch is over. */
  #take(line: WatchLine): boolean {
    if (line.type === 'ERROR') {
      this.refusals.push(`${line.object.code} ${line.object.reason}`);
      if (line.object.code === 410) this.#revision = 0;
      return false;
    }
    const { name, resourceVersion } = line.object.metadata;
    this.#revision = Number(resourceVersion);
    if (line.type !== 'BOOKMARK') this.events.push({ type: line.type, name, revision: this.#revision });
    return true;
  }
}
