import type { Context, StopSignal } from '../../context.js';
import type { CoordError } from '../../errors.js';
import { interrupted } from '../../render/deploy-blocked.js';

/** Whether the process was asked to stop: it does so between two steps, so that the record says it and the claim is free. */
export class Stopping {
  private signal: StopSignal | null = null;
  private readonly unlisten: () => void;

  constructor(context: Context) {
    this.unlisten = context.host.onStop((signal) => {
      this.signal ??= signal;
    });
  }

  why(): CoordError | null {
    return this.signal === null ? null : interrupted(this.signal);
  }

  end(): void {
    this.unlisten();
  }
}
