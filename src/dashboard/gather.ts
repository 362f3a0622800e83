import { basename } from 'node:path';
import type { Answer, Change, Collision, Coord, CoordEvent, StatusReport } from '../api/index.js';
import { asCoordError } from '../commands/perform.js';
import { isRefusalEvent } from '../domain/events.js';
import { metricsOf } from '../domain/metrics/metrics.js';
import { addSeconds, epochMs, type Instant, instantOf } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { gitPaths } from '../git/run.js';
import { factsOf } from '../render/events.js';
import type { Context } from '../workspace/context.js';
import { mainBranch } from '../workspace/main-branch.js';
import { needsOfFleet } from './needs.js';
import type { Attempt, Bucket, EventRow, Folder, Picture } from './picture.js';
import { Places, treeOf } from './places.js';

const NOTES_SHOWN = 100;
const EVENTS_SHOWN = 200;
const ATTEMPTS_SHOWN = 30;
const HOT_SHOWN = 60;
/** The history that contention is told of. */
const DAYS = 7;
const MOST_EVENTS = 20_000;
const HOUR_SECONDS = 3_600;
const MOST_PATHS = 500_000;
/** All of the state that is shown. */
const PARTS = ['log', 'tasks', 'deployments', 'submissions'] as const;

/** Gathers the picture, and remembers what need not be read again. It asks no remote: whoever watches does. */
export class Gatherer {
  private events: readonly CoordEvent[] = [];
  private last: string | null = null;
  private drawn: { readonly commit: string; readonly tree: Folder } | null = null;
  private empty: Folder | null = null;
  private places: Places | null = null;
  private foretold: Picture['conflicts'] = { found: [], at: null };
  private staleSince: Instant | null = null;

  /** @param open all that it reads comes from one context, so that the state is read once */
  constructor(
    private readonly makeContext: () => Context,
    private readonly open: (shared: () => Context) => Coord,
  ) {}

  /** @param madeAt set where nothing keeps the picture current */
  async picture(change: Change, madeAt: Instant | null): Promise<Picture> {
    const context = this.makeContext();
    context.looksOn = true;
    const coord = this.open(() => context);
    const now = context.now();
    await (await context.store()).read(PARTS);
    const here = { fetch: false };
    const status = got(await coord.status([], here));
    const tasks = got(await coord.tasks.list(here)).tasks;
    const { live, deployments } = got(await coord.deploys(here));
    const log = got(await coord.notes.list({ ...here, limit: NOTES_SHOWN }));
    const pending = await this.readEvents(coord);
    const attempts: Attempt[] = deployments
      .slice(-ATTEMPTS_SHOWN)
      .map(({ id, target, commit, agent, startedAt, why, step, outcome }) => ({
        ...{ id, target, commit, agent, startedAt, why, step, outcome },
      }));
    const { root } = context.repository;
    const { ref } = await context.config();
    const all = [...this.events, ...pending];
    const { claims, waiters } = status;
    const { tree, noMap } = await this.map(context);
    const contention = metricsOf(all, () => true, now)
      .contention.slice(0, HOT_SHOWN)
      .map(({ target, refusals, waits, waitedSeconds, agents }) => ({
        ...{ target, refusals, waits, waitedSeconds, agents },
      }));
    this.places ??= new Places(context.repository.foldsCase);
    const { places } = this;
    places.take(tree, claims, waiters);
    return {
      about: {
        ...{ repository: basename(root), ref, reach: status.reach, revision: change.revision, madeAt },
        stale: this.staleness(change, status, now),
        noMap,
      },
      needs: needsOfFleet({ status, notes: log.notes, attempts, conflicts: this.foretold, root, places }, now),
      claims: claims.map(({ id, target, kind, mode, agent, acquiredAt, expiresAt, reason, reach, token }) => ({
        ...{ id, target, kind, mode, agent, acquiredAt, expiresAt, reason, reach, token },
      })),
      waiters: waiters.map(({ id, agent, targets, since, reason, suspected }) => ({
        ...{ id, agent, targets, since, reason, suspected },
        below: [...places.waitedFor({ id })][0] ?? null,
      })),
      places: places.places(claims, waiters, contention),
      tasks,
      agents: status.agents,
      deploys: { live, attempts },
      contention,
      hours: buckets(all, 24, HOUR_SECONDS, now),
      days: buckets(all, DAYS, 24 * HOUR_SECONDS, now),
      log: { notes: log.notes, disclaimer: log.disclaimer },
      events: all
        .slice(-EVENTS_SHOWN)
        .reverse()
        .map((event) => rowOf(event, now)),
      conflicts: this.foretold,
      tree,
    };
  }

  /** Tries out what would collide; it takes longer than a picture. @returns whether the answer has changed */
  async foretell(): Promise<boolean> {
    const context = this.makeContext();
    context.looksOn = true;
    const answer = await this.open(() => context).conflicts({ all: true });
    if (!answer.ok) return false;
    const found = answer.data.conflicts.filter(({ verdict }) => verdict !== 'clean');
    if (JSON.stringify(found) === JSON.stringify(this.foretold.found)) return false;
    const known = new Map(this.foretold.found.map((one) => [nameOf(one), one]));
    const isNew = found.some((one) => !known.has(nameOf(one)));
    this.foretold = { found, at: isNew || this.foretold.at === null ? answer.data.now : this.foretold.at };
    return true;
  }

  private staleness({ unreachable }: Change, { fetchedAt }: StatusReport, now: Instant): Picture['about']['stale'] {
    this.staleSince = unreachable === null ? null : (this.staleSince ?? fetchedAt ?? now);
    return unreachable === null || this.staleSince === null
      ? null
      : { since: this.staleSince, why: unreachable.message };
  }

  /** @returns what is not recorded yet */
  private async readEvents(coord: Coord): Promise<readonly CoordEvent[]> {
    const week = `${DAYS}d`;
    const answer = await coord.history({ fetch: false, since: this.last ?? week });
    // After a compaction the last one that was read may be gone.
    const isGone = !answer.ok && this.last !== null && answer.refusal.code === 'usage';
    if (isGone) [this.events, this.last] = [[], null];
    const read = got(isGone ? await coord.history({ fetch: false, since: week }) : answer);
    const [recorded, waiting] = [read.events.filter(isRecorded), read.events.filter((event) => !isRecorded(event))];
    this.events = [...this.events, ...recorded].slice(-MOST_EVENTS);
    this.last = recorded.at(-1)?.id ?? this.last;
    return waiting;
  }

  /** The files are read again only when the main branch has moved; one that cannot be read leaves the map as it was. */
  private async map(context: Context): Promise<{ readonly tree: Folder; readonly noMap: string | null }> {
    const name = basename(context.repository.root);
    const commit = (await mainBranch(context))?.commit ?? (await context.head()).commit;
    this.empty ??= treeOf(name, []);
    const before = this.drawn?.tree ?? this.empty;
    if (commit === null) return { tree: before, noMap: 'no commit has any files yet' };
    if (this.drawn?.commit === commit) return { tree: before, noMap: null };
    try {
      const paths = await gitPaths(context.git, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit]);
      this.drawn = { commit, tree: treeOf(name, paths.slice(0, MOST_PATHS)) };
      return { tree: this.drawn.tree, noMap: null };
    } catch (error) {
      return {
        tree: before,
        noMap: `the files of ${commit.slice(0, 7)} cannot be read: ${asCoordError(error).message}`,
      };
    }
  }
}

function nameOf({ of, with: other, paths }: Collision): string {
  return JSON.stringify([of, other, paths]);
}

function isRecorded(event: CoordEvent): boolean {
  return event.pending !== true;
}

function rowOf(event: CoordEvent, now: Instant): EventRow {
  const { id, at, type, agent } = event;
  return { id, at, type, agent, facts: factsOf(event, now).join(' · ') };
}

/** @param seconds the length of one */
function buckets(events: readonly CoordEvent[], count: number, seconds: number, now: Instant): Bucket[] {
  const end = (Math.floor(epochMs(now) / 1000 / seconds) + 1) * seconds * 1000;
  const begin = addSeconds(instantOf(end), -count * seconds);
  const made = Array.from({ length: count }, (_, index) => ({
    ...{ from: addSeconds(begin, index * seconds), grants: 0, refusals: 0, waits: 0 },
  }));
  for (const event of events) {
    const bucket = made[Math.floor((epochMs(event.at) - epochMs(begin)) / 1000 / seconds)];
    if (!bucket) continue;
    if (event.type === 'claim.granted') bucket.grants += 1;
    if (isRefusalEvent(event)) bucket.refusals += typeof event.count === 'number' ? event.count : 1;
    if (event.type === 'wait.started') bucket.waits += 1;
  }
  return made;
}

/** @throws CoordError for a refusal: a picture with holes is none */
function got<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.data;
  const { code, message, hint, details } = answer.refusal;
  throw new CoordError(code, message, { ...(hint === null ? {} : { hint }), details });
}
