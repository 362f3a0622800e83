import type { Claim } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { interrupted } from '../../render/deploy/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import type { StopSignal } from '../../workspace/host.js';
import { runChild } from '../child.js';
import { Keeper } from '../claims/keeper.js';

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

/** The claim of a deploy, kept alive for as long as it goes on; and whether it may go on. */
export class LeaseKeeper {
  private lost: CoordError | null = null;
  private readonly keeper: Keeper;
  private readonly watching: Promise<void>;
  private readonly losing = new AbortController();
  private readonly controller = new AbortController();

  constructor(
    context: Context,
    store: GitStore,
    claim: Claim,
    private readonly stopping: Stopping,
  ) {
    stopping.asked.addEventListener('abort', () => this.controller.abort(), { once: true });
    this.keeper = new Keeper(context, store, [claim]);
    this.watching = this.keeper.watch().then(
      (why) => this.lose(why),
      (error: unknown) => this.lose(error instanceof Error ? error.message : String(error)),
    );
  }

  /** Comes when the deploy may not go on. */
  get over(): AbortSignal {
    return this.controller.signal;
  }

  /** Why the deploy may not go on: its claim is lost, or it was asked to stop; null: it may. */
  whyNotOn(): CoordError | null {
    return this.lost ?? this.stopping.why();
  }

  /**
   * Runs the program, and stops it as soon as the claim is lost.
   * @returns its exit code, and why the claim was lost, if it was.
   * @throws CoordError `usage` when there is no such program.
   */
  async runProgram(
    context: Context,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly exit: number; readonly lost: CoordError | null }> {
    const exit = await runChild(context, { command, env, stop: this.losing.signal });
    return { exit, lost: this.lost };
  }

  async end(): Promise<void> {
    this.keeper.end();
    await this.watching;
  }

  private lose(why: string | null): void {
    if (why === null) return;
    this.lost = new CoordError('lost', oneLine(why), {
      hint: `see who holds it: ${coord('status')}; then look at what was done`,
      details: { reason: 'lost' },
    });
    this.losing.abort();
    this.controller.abort();
  }
}
