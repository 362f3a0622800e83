import type { Context } from '../../context.js';
import type { Claim } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { Keeper } from '../claims/keeper.js';
import type { Stopping } from './stopping.js';

/** The claim of a deploy, kept alive for as long as it goes on; and whether it may go on. */
export class Hold {
  private lost: CoordError | null = null;
  private readonly keeper: Keeper;
  private readonly watching: Promise<void>;
  private stop: (() => void) | null = null;
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

  /** Calls `stop` as soon as the claim is lost, until the work is over; answers why it was, if it was. */
  async during<T>(stop: () => void, work: Promise<T>): Promise<{ readonly came: T; readonly lost: CoordError | null }> {
    this.stop = stop;
    if (this.lost) stop();
    const came = await work;
    this.stop = null;
    return { came, lost: this.lost };
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
    this.controller.abort();
    this.stop?.();
  }
}
