import { type CoordEvent, isDeferredEvent } from '../../domain/events.js';
import { Newest } from '../../domain/log/notes.js';
import { jsonLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { eventLine } from '../../render/events.js';
import { eventsSince, historyFrom } from '../../store/format/history.js';
import { REMOTE_POLL_MS } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import type { Success } from '../verb.js';
import { type Following, follow, listen, unlessAway } from '../watch.js';
import { type EventsPlan, unknownEvent } from './since.js';

const LONGEST_SLEEP_MS = 60_000;
/** A refusal that is recorded a second time is so soon after the first: no more of them wait at once. */
const REFUSALS_REMEMBERED = 2_000;
/** The same refusal again is recorded no more often than this, so that an agent that polls does not flood history. */
const SAME_REFUSAL_MS = 60_000;

/** Prints each event once, in the order of the history. */
export async function followEvents(context: Context, store: GitStore, plan: EventsPlan): Promise<Success> {
  await follow(
    context,
    ({ style, say, write, unlessAway }) => {
      const print = (event: CoordEvent) =>
        context.flags.json ? write(`${jsonLine(event)}\n`) : say(eventLine(event, context.now(), style));
      const follower = new Follower(context, store, plan, print, unlessAway);
      return () => follower.step();
    },
    store.deferredFolder,
  );
  return { data: {}, text: () => [], streamed: true };
}

/** Each event once, in the order of the history, until the process is asked to stop. */
export async function* eventsToCome(
  context: Context,
  store: GitStore,
  plan: EventsPlan,
): AsyncGenerator<CoordEvent, void, void> {
  const { wakeup, close } = await listen(context, store.deferredFolder);
  const fresh: CoordEvent[] = [];
  try {
    const follower = new Follower(context, store, plan, (event) => fresh.push(event), unlessAway);
    while (!wakeup.stopped) {
      wakeup.reset();
      const sleepMs = await follower.step();
      yield* fresh.splice(0);
      await wakeup.wait(sleepMs);
    }
  } finally {
    close();
  }
}

class Follower {
  /** The commit up to which everything was taken. */
  private done: string | null = null;
  /** The last event up to there. */
  private last: string | null = null;
  /** The newest refusals that were taken: they may be recorded a second time. */
  private readonly refusals = new Newest(REFUSALS_REMEMBERED);
  /** When each refusal was last recorded, in milliseconds since the epoch. */
  private readonly recordedAt = new Map<string, number>();
  private readonly asksRemote: boolean;

  constructor(
    private readonly context: Context,
    private readonly store: GitStore,
    private readonly plan: EventsPlan,
    private readonly take: (event: CoordEvent) => void,
    private readonly unlessAway: Following['unlessAway'],
  ) {
    this.asksRemote = plan.fetch && store.reach === 'remote';
  }

  /** Takes what is new, and returns for how many milliseconds nothing else is due. */
  async step(): Promise<number> {
    if (this.done === null) await this.begin();
    else await this.takeNew();
    if (this.plan.fetch) await this.unlessAway(() => this.recordRefusals());
    if (this.asksRemote) await this.unlessAway(() => this.store.latestTip());
    await this.takeNew();
    return this.asksRemote ? REMOTE_POLL_MS : Math.min(LONGEST_SLEEP_MS, this.untilDue());
  }

  private async begin(): Promise<void> {
    const { since, limit, wants, fetch } = this.plan;
    const tip = (fetch ? null : await this.store.tip()) ?? (await this.store.latestTip());
    const read = await eventsSince(historyFrom(this.context.gitStream, tip), since, { limit, wants });
    if (!read.found) throw unknownEvent(since, this.store.deferred(), read.compacted);
    const { events } = read;
    this.last = events.at(-1)?.id ?? (since !== null && 'event' in since ? since.event : null);
    const skipped = events.filter(wants).length - limit;
    this.takeEach(events, Math.max(0, skipped));
    this.done = tip;
  }

  private async takeNew(): Promise<void> {
    const tip = await this.store.tip();
    if (tip === this.done) return;
    const fresh = tip === null ? null : await this.eventsUpTo(tip);
    if (fresh === null) throw rewound(this.done, tip);
    this.takeEach(fresh, 0);
    this.last = fresh.at(-1)?.id ?? this.last;
    this.done = tip;
  }

  /**
   * What was recorded since, oldest first; null where the history does not go on from there. After a compaction the
   * commits are others, but the events in them are not; or none of the former is left.
   */
  private async eventsUpTo(tip: string): Promise<readonly CoordEvent[] | null> {
    const newestFirst: CoordEvent[] = [];
    let compacted = false;
    for await (const commit of historyFrom(this.context.gitStream, tip)) {
      if (commit.id === this.done) return newestFirst.reverse();
      newestFirst.push(...commit.events.toReversed());
      compacted = commit.compacted !== null;
    }
    const all = newestFirst.reverse();
    return compacted ? all.slice(all.findIndex(({ id }) => id === this.last) + 1) : null;
  }

  private takeEach(events: readonly CoordEvent[], skip: number): void {
    let left = skip;
    for (const event of events) {
      if (this.refusals.has(event.id)) continue;
      if (isDeferredEvent(event)) this.refusals.add(event.id);
      if (!this.plan.wants(event)) continue;
      if (left > 0) left -= 1;
      else this.take(event);
    }
  }

  /** A refusal that nobody writes behind would otherwise wait: here it becomes part of the history. */
  private async recordRefusals(): Promise<void> {
    const now = this.context.host.now();
    const waiting = this.store.deferred();
    if (!waiting.some((event) => this.dueAt(event) <= now)) return;
    if (!(await this.store.flush(this.context.newId(), this.context.now()))) return;
    for (const [name, at] of this.recordedAt) if (at + SAME_REFUSAL_MS <= now) this.recordedAt.delete(name);
    for (const event of waiting) this.recordedAt.set(nameOf(event), now);
  }

  private dueAt(event: CoordEvent): number {
    return (this.recordedAt.get(nameOf(event)) ?? Number.NEGATIVE_INFINITY) + SAME_REFUSAL_MS;
  }

  private untilDue(): number {
    const now = this.context.host.now();
    return Math.min(...this.store.deferred().map((event) => Math.max(SHORTEST_SLEEP_MS, this.dueAt(event) - now)));
  }
}

/** A refusal that another writer's commit is about to carry is looked at again after this. */
const SHORTEST_SLEEP_MS = 500;

/** What makes a refusal the same as another: who, why, and where. */
function nameOf({ agent, reason, targets, heldBy }: CoordEvent): string {
  return JSON.stringify([agent, reason, targets, heldBy]);
}

function rewound(done: string | null, tip: string | null): CoordError {
  const [from, to] = [done, tip].map((commit) => commit?.slice(0, 7) ?? 'nothing');
  return new CoordError('corrupt', `the state ref was rewound or rewritten: from ${from} to ${to}`, {
    hint: 'find out who did it; then follow again from an event that is still there (--since)',
    details: { reason: tip === null ? 'deleted' : 'rewritten', known: done, tip },
  });
}
