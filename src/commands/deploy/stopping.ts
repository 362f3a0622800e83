import type { Context } from '../../context.js';
import type { CoordError } from '../../errors.js';
import type { StopSignal } from '../../host.js';
import { interrupted } from '../../render/deploy/refusals.js';

/** Whether the process was asked to stop: it does so between two steps, so that the record says it and the claim is free. */
export class Stopping {
  private signal: StopSignal | null = null;
  private readonly controller = new AbortController();
  private readonly unlisten: () => void;

  constructor(context: Context) {
    this.unlisten = context.host.onStop((signal) => {
      this.signal ??= signal;
      this.controller.abort();
    });
  }

  /** Comes when the process is asked to stop. */
  get asked(): AbortSignal {
    return this.controller.signal;
  }

  why(): CoordError | null {
    return this.signal === null ? null : interrupted(this.signal);
  }

  end(): void {
    this.unlisten();
  }
}
