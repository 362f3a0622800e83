import type { Claim } from '../../domain/model.js';
import { epochMs, secondsBetween } from '../../domain/time.js';
import { Wakeup, watchRef } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';

/** Renewed this many times in a claim's life, so that one or two missed renewals cost nothing. */
const BEATS_PER_LIFE = 3;
const LONGEST_BEAT_SECONDS = 60;

/**
 * Keeps claims alive while other work goes on (a heartbeat), and notices at once when one is lost: taken over, revoked,
 * or expired because it could not be renewed in time.
 */
export class Keeper {
  private readonly wakeup = new Wakeup();
  private ended = false;
  private expiresAt: string;

  constructor(
    private readonly context: Context,
    private readonly store: GitStore,
    private readonly claims: readonly Claim[],
  ) {
    this.expiresAt = earliest(claims.map((claim) => claim.expiresAt));
  }

  /** Resolves with why the claims were lost, or null once {@link end} was called. */
  async watch(): Promise<string | null> {
    const { ref } = await this.context.config();
    const onChange = () => this.wakeup.ring();
    const watcher = watchRef({ repository: this.context.repository, ref, onChange });
    try {
      let renewAt = this.nextBeat();
      while (!this.ended) {
        this.wakeup.reset();
        const now = this.context.host.now();
        const lost = now >= renewAt ? await this.renew() : await this.missing();
        if (lost !== null) return lost;
        if (now >= renewAt) renewAt = this.nextBeat();
        if (!this.ended) await this.wakeup.wait(Math.max(10, renewAt - this.context.host.now()));
      }
      return null;
    } finally {
      watcher.close();
    }
  }

  end(): void {
    this.ended = true;
    this.wakeup.ring();
  }

  /** Milliseconds since the epoch. */
  private nextBeat(): number {
    const shortest = Math.min(...this.claims.map((claim) => claim.ttlSeconds));
    return this.context.host.now() + Math.min(shortest / BEATS_PER_LIFE, LONGEST_BEAT_SECONDS) * 1000;
  }

  private async renew(): Promise<string | null> {
    try {
      const decision = await transact(
        this.store,
        {
          kind: 'renew',
          ...(await this.context.requestBase()),
          targets: this.claims.map(({ kind, target }) => ({ kind, text: target })),
          ttlSeconds: null,
        },
        this.context.effects,
      );
      if (!decision.ok) return 'the claim was lost';
      this.expiresAt = earliest(decision.result.claims.map((claim) => claim.expiresAt));
      return this.missing();
    } catch (error) {
      // The remote may be back before the claim's life is over; after that nothing may be relied on.
      const left = secondsBetween(this.context.now(), this.expiresAt);
      return left > 0 ? null : `the claim could not be renewed in time: ${(error as Error).message}`;
    }
  }

  /** Whether one of the claims is gone, or another holder's by now: compared by token. */
  private async missing(): Promise<string | null> {
    const { state } = await this.store.read();
    const lost = this.claims.find(
      (claim) => !state.claims.some(({ id, token }) => id === claim.id && token === claim.token),
    );
    if (lost) return `the claim on ${lost.target} was lost`;
    return epochMs(this.expiresAt) <= this.context.host.now() ? 'the claim expired' : null;
  }
}

function earliest(instants: readonly string[]): string {
  return [...instants].sort()[0] ?? '';
}
