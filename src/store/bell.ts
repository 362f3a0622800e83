/** Wakes a waiting loop. A ring before the wait counts: nothing that happened in between is slept through. */
export class Bell {
  private rung = false;
  private wake: (() => void) | null = null;
  private over = false;

  /** Whether the wait is to end for good. */
  get stopped(): boolean {
    return this.over;
  }

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  stop(): void {
    this.over = true;
    this.ring();
  }

  /** Forgets earlier rings: the loop is about to look for itself. */
  reset(): void {
    this.rung = this.over;
  }

  /** Resolves when rung, or after this many milliseconds. */
  wait(ms: number): Promise<void> {
    if (this.rung) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
    });
  }
}
