/** A store seen in another version than the one its objects are kept in: what goes in and what comes out is converted. */

import type { StoredForm } from '@kubelab/api/resource';
import { deepClone } from '@kubelab/apimachinery/json';
import { toApiVersion } from '@kubelab/apimachinery/meta';
import type {
  Entry,
  EntryPredicate,
  Page,
  ResourceStore,
  Update,
  WatchEvent,
  WatchOptions,
  WatchSink,
} from '../storage/store.js';
import { transientEntry } from './transient-entry.js';

/** Every entry is converted once, however many requests see it; conversions go with the entries they were made from. */
export function versionedStore(store: ResourceStore, form: StoredForm): ResourceStore {
  const converter = new Converter(form);
  const predicateOf = (predicate: EntryPredicate | undefined): { predicate?: EntryPredicate } =>
    predicate ? { predicate: (entry) => predicate(converter.entry(entry)) } : {};
  return {
    pathOf: (key) => store.pathOf(key),
    async get(key, options) {
      return converter.optional(await store.get(key, options));
    },
    async list(options = {}): Promise<Page> {
      const { predicate, ...rest } = options;
      const page = await store.list({ ...rest, ...predicateOf(predicate) });
      return { ...page, entries: page.entries.map((entry) => converter.entry(entry)) };
    },
    watch({ predicate, ...rest }: WatchOptions, sink: WatchSink) {
      return store.watch(
        { ...rest, ...predicateOf(predicate) },
        {
          onEvents: (events) => sink.onEvents(events.map((event) => converter.event(event))),
          onEnd: (error) => sink.onEnd(error),
        },
      );
    },
    async create(key, object, options) {
      return converter.entry(await store.create(key, form.toStored(object), options));
    },
    async update(key, update, options) {
      const inStoredForm = async (current: Entry | undefined): Promise<Update> => {
        const wanted = await update(converter.optional(current));
        return wanted.action === 'write' ? { action: 'write', object: form.toStored(wanted.object) } : wanted;
      };
      return converter.optional(await store.update(key, inStoredForm, options));
    },
    peek: (key) => converter.optional(store.peek(key)),
    peekAll: (namespace) => store.peekAll(namespace).map((entry) => converter.entry(entry)),
    onChange: (listener) => store.onChange((type, entry) => listener(type, converter.entry(entry))),
    ready: () => store.ready(),
  };
}

class Converter {
  readonly #form: StoredForm;
  readonly #storedVersion: string;
  readonly #entries = new WeakMap<Entry, Entry>();
  readonly #events = new WeakMap<WatchEvent, WatchEvent>();

  constructor(form: StoredForm) {
    this.#form = form;
    this.#storedVersion = toApiVersion(form.group, form.version);
  }

  optional(entry: Entry | undefined): Entry | undefined {
    return entry && this.entry(entry);
  }

  entry(stored: Entry): Entry {
    const known = this.#entries.get(stored);
    if (known) return known;
    const object = this.#form.fromStored(stored.object);
    const outdated = stored.object.apiVersion !== this.#storedVersion;
    const entry = object === stored.object && !outdated ? stored : convertedEntry(stored, object, outdated);
    this.#entries.set(stored, entry);
    return entry;
  }

  /** The same event for all watchers, so that it is encoded once. */
  event(stored: WatchEvent): WatchEvent {
    if (!stored.entry) return stored;
    const entry = this.entry(stored.entry);
    if (entry === stored.entry) return stored;
    const known = this.#events.get(stored);
    if (known) return known;
    const event = { ...stored, entry };
    this.#events.set(stored, event);
    return event;
  }
}

function convertedEntry(stored: Entry, object: Entry['object'], outdated: boolean): Entry {
  const copy = object === stored.object ? deepClone(object) : object;
  const entry = transientEntry(stored.key, copy);
  return { ...entry, revision: stored.revision, ...(outdated ? { outdated } : {}) };
}
