import type { Claim, State } from '../../domain/model.js';
import { epochMs, secondsBetween } from '../../domain/time.js';
import { Wakeup, watchRef } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';

/** Renewed this many times in a claim's life, so that one or two missed renewals cost nothing. */
const BEATS_PER_LIFE = 3;
const LONGEST_BEAT_SECONDS = 60;

/** What moves the state at the remote is seen after so long; what moves it in this clone, at once. */
const REMOTE_LOOK_MS = 5_000;

/**
 * Keeps claims alive while other work goes on (a heartbeat), and notices when one is lost: taken over, revoked, or expired
 * because it could not be renewed in time. However short the work was, {@link look} at the end tells whether it was done under them.
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
      let lookAt = this.nextLook();
      while (!this.ended) {
        this.wakeup.reset();
        const now = this.context.host.now();
        const lost = now >= renewAt ? await this.renew() : await this.missing();
        if (lost !== null) return lost;
        if (now >= renewAt) renewAt = this.nextBeat();
        if (!this.ended) await this.wakeup.wait(Math.max(10, Math.min(renewAt, lookAt) - this.context.host.now()));
        if (this.ended || this.context.host.now() < lookAt) continue;
        // Out of reach, it tells nothing; whether a renewal gets through decides then.
        await this.store.latest().catch(() => undefined);
        lookAt = this.nextLook();
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

  /** Milliseconds since the epoch. */
  private nextLook(): number {
    return this.store.reach === 'remote' ? this.context.host.now() + REMOTE_LOOK_MS : Number.POSITIVE_INFINITY;
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
  /** Why the claims were lost by now, as their arbiter knows it; null: they are held. @throws CoordError `unavailable` */
  async look(): Promise<string | null> {
    return this.missingIn((await this.store.latest()).state);
  }

  private async missing(): Promise<string | null> {
    return this.missingIn((await this.store.read()).state);
  }

  private missingIn(state: State): string | null {
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
