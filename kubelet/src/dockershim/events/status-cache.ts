/**
 * What was last read about containers, for as long as nothing can have changed it: every event and every call of the shim's own that changes a
 * container makes its entry void. While nobody follows the engine's events nothing is kept.
 */

interface Entry<T> {
  value: Promise<T>;
}

const fullId = /^[0-9a-f]{64}$/;

export class StatusCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  #following = false;

  /** The value of `read`, which may have begun for an earlier caller. What fails is not kept. */
  get(id: string, read: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(id);
    if (known) return known.value;
    const value = read();
    // Short forms of an ID are not what events name.
    if (!this.#following || !fullId.test(id)) return value;
    const entry = { value };
    this.#entries.set(id, entry);
    value.catch(() => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
    });
    return value;
  }

  /** The container has changed: who reads from now on reads anew, also while an earlier read goes on. */
  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** Something that is part of many entries has changed. */
  forgetAll(): void {
    this.#entries.clear();
  }

  /** Whether events tell of changes from now on. */
  follow(following: boolean): void {
    this.#following = following;
    this.#entries.clear();
  }
}
