interface Waiting {
  isAlone: boolean;
  enter(): void;
}

/** Any number of tasks that share, or a single one alone; in the order they came, so that nobody waits for ever. */
export class SharedLock {
  private sharing = 0;
  private isTaken = false;
  private readonly waiting: Waiting[] = [];

  share<T>(task: () => Promise<T>): Promise<T> {
    return this.run(task, { isAlone: false });
  }

  alone<T>(task: () => Promise<T>): Promise<T> {
    return this.run(task, { isAlone: true });
  }

  private async run<T>(task: () => Promise<T>, { isAlone }: { isAlone: boolean }): Promise<T> {
    await new Promise<void>((enter) => {
      this.waiting.push({ isAlone, enter });
      this.admit();
    });
    try {
      return await task();
    } finally {
      if (isAlone) this.isTaken = false;
      else this.sharing--;
      this.admit();
    }
  }

  private admit(): void {
    for (;;) {
      const next = this.waiting[0];
      if (!next || this.isTaken || (next.isAlone && this.sharing > 0)) return;
      this.waiting.shift();
      if (next.isAlone) this.isTaken = true;
      else this.sharing++;
      next.enter();
    }
  }
}
