import { refusedAuthority, stopped } from '../../domain/agents/agents.js';
import type { Compacted } from '../../domain/events.js';
import { numberEvents } from '../../domain/events.js';
import type { State } from '../../domain/model.js';
import { plural } from '../../domain/text.js';
import { addSeconds, type Instant, parseDuration } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { isAncestor } from '../../git/refs.js';
import { clock, shortCommit } from '../../render/format.js';
import { refusalError } from '../../render/refusals.js';
import type { Style } from '../../render/style.js';
import type { GitStore } from '../../store/swap/git-store.js';
import {
  CompactedHistory,
  type CompactionPlan,
  extendPlan,
  type Keep,
  planCompaction,
} from '../../store/upkeep/compact.js';
import { type Archive, archiveIn } from '../../store/upkeep/upkeep.js';
import type { Context } from '../../workspace/context.js';
import { isPerson } from '../../workspace/identity.js';
import type { Input, Outcome } from '../verb.js';

const DEFAULT_KEEP = '30d';
/** Each time another writer came first; what was copied is not copied again, so a try is as quick as any write. */
const ATTEMPTS = 200;
const LONGEST_PAUSE_MS = 100;

/** The options of `doctor` that go with `--compact`. */
export const COMPACT_OPTIONS = [
  ['--compact', 'shorten the history of the state: one commit takes the place of the older ones'],
  [
    '--keep-history <what>',
    `with --compact: how much stays as it is, a duration or a number of commits (${DEFAULT_KEEP})`,
  ],
  ['--archive <name>', 'with --compact: keep the former history as refs/coord/archive/NAME, here and on the remote'],
  ['--dry-run', 'show what would be done, and change nothing; with --compact'],
] as const;

/**
 * `doctor --compact`: claims, notes and all else in the state stay, the older events go. Other clones follow by
 * themselves, as long as the commit that they know is kept, archived, or still on the remote.
 */
export async function compact(context: Context, input: Input): Promise<Outcome> {
  const keep = readKeep(context, input);
  const archive = await readArchive(context, input);
  const { agent } = context.identity();
  const store = await context.store();
  const { state, revision } = await store.latest();
  const refused = refusalOf(context, agent, state);
  if (refused) return refused;
  const plan = await planCompaction(context, revision, keep);
  const dryRun = input.flag('dryRun');
  if (plan.compacted === null || dryRun) return success(context, { ...reportOf(plan), dryRun });
  return new Compaction(context, store, archive).run(plan, plan.compacted);
}

class Compaction {
  constructor(
    private readonly context: Context,
    private readonly store: GitStore,
    private readonly archive: Archive | null,
  ) {}

  async run(first: CompactionPlan, compacted: Compacted): Promise<Outcome> {
    const { context, store, archive } = this;
    const history = new CompactedHistory(
      context,
      await this.entry(compacted),
      (body) => store.writeCommit(body),
      store.ref,
    );
    // The long part, while others go on writing; what they add is quickly done afterwards.
    await history.write(first, compacted);
    await archive?.keep(first.tip);
    try {
      const outcome = await store.exclusively(() => this.replace(history, first, compacted));
      if (outcome instanceof CoordError) await archive?.drop(first.tip);
      return outcome;
    } catch (error) {
      if (archive !== null && (await this.stands(first.tip))) await archive.drop(first.tip);
      throw error;
    }
  }

  /** Whether the former history is surely in place. */
  private async stands(tip: string): Promise<boolean> {
    const { context, store } = this;
    return store.latestTip().then(
      async (now) => (await isAncestor(context.git, tip, now)) === true,
      () => false,
    );
  }

  private async replace(history: CompactedHistory, first: CompactionPlan, compacted: Compacted): Promise<Outcome> {
    const { context, store, archive } = this;
    let plan = first;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const commit = await history.write(plan, compacted);
      if (await store.life.replace(commit, plan.tip)) {
        const done = { changed: true, dryRun: false, tip: commit, archive: archive?.ref ?? null };
        return success(context, { ...reportOf(plan), ...done });
      }
      await context.effects.pause(context.host.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
      const { state, revision } = await store.latest();
      const refused = refusalOf(context, context.identity().agent, state);
      if (refused) return refused;
      const extended = await extendPlan(context, plan, revision);
      if (extended === null) throw notDone('somebody else compacted the history in the meantime');
      plan = extended;
    }
    throw notDone(`the state moved ${ATTEMPTS} times before it was compacted`);
  }

  private async entry({ commit, commits, from, to }: Compacted) {
    const { operation, agent, session } = await this.context.requestBase();
    const at = this.context.now();
    const event = { type: 'history.compacted', at, agent, session, commits, commit, from, to } as const;
    const summary = `compact ${commits} commits by ${agent}`;
    return { operation, agent, at, summary, events: numberEvents(operation, [event]) };
  }
}

function refusalOf(context: Context, agent: string, state: State): CoordError | null {
  const stop = stopped(state, agent);
  if (stop) return refusalError(stop, context.now());
  const refusal = refusedAuthority(state, { agent, person: isPerson(context.host) });
  return refusal?.reason === 'authority' ? mayNotCompact(refusal.orchestrators) : null;
}

function readKeep(context: Context, input: Input): Keep {
  const text = input.text('keepHistory') ?? DEFAULT_KEEP;
  if (/^\d{1,9}$/.test(text)) return { commits: Number(text) };
  const seconds = parseDuration(text);
  if (seconds === null) {
    throw usage(
      `--keep-history is neither a duration nor a number of commits: ${JSON.stringify(text)}`,
      'for example --keep-history 30d, or --keep-history 1000',
    );
  }
  return { since: addSeconds(context.now(), -seconds) };
}

async function readArchive(context: Context, input: Input): Promise<Archive | null> {
  const name = input.text('archive');
  return name === undefined ? null : archiveIn(context, await context.config(), name);
}

/** What is so as long as nothing is changed. */
function reportOf({ compacted, kept, tip }: CompactionPlan): CompactReport {
  return { changed: false, dryRun: false, compacted, kept: kept.length, former: tip, tip, archive: null };
}

function notDone(message: string): CoordError {
  return new CoordError('unavailable', message, { hint: 'nothing was changed; repeat the command' });
}

function success(context: Context, result: CompactReport): Outcome {
  return { data: result, text: (style) => compactLines(result, context.now(), style) };
}

interface CompactReport {
  readonly changed: boolean;
  readonly dryRun: boolean;
  /** null: there is nothing to gain. */
  readonly compacted: Compacted | null;
  /** Commits that stay as they are. */
  readonly kept: number;
  /** The tip before, and now. */
  readonly former: string;
  readonly tip: string;
  /** The ref that keeps the former history; null: none does. */
  readonly archive: string | null;
}

function compactLines(report: CompactReport, now: Instant, style: Style): string[] {
  const { compacted, kept, former, archive, dryRun } = report;
  if (compacted === null) return [`nothing to compact: all of the ${plural(kept, 'commit')} would stay`];
  const until = clock(compacted.to, now);
  const gone = `${plural(compacted.commits, 'commit')} until ${until}`;
  const stays = kept === 0 ? 'none stays as it is' : `the newest ${plural(kept, 'commit')} would stay`;
  if (dryRun)
    return [`would compact ${gone} into one; ${stays}`, 'the state would stay the same; their events would go'];
  return [
    `${style.good('compacted')} ${gone} into one${kept === 0 ? '' : `; the newest ${plural(kept, 'commit')} stay`}`,
    'the state is the same; their events can no longer be listed; other clones follow by themselves',
    archive === null
      ? `the former history is ${shortCommit(former)}, until git gc removes it`
      : `the former history is ${archive}`,
  ];
}

function mayNotCompact(orchestrators: readonly string[]): CoordError {
  const who = orchestrators.length === 0 ? '' : ` (${orchestrators.join(', ')})`;
  return new CoordError('closed', 'refused: only an orchestrator, or a person at a terminal, may compact the history', {
    hint: `ask an orchestrator${who} or a person`,
    details: { reason: 'authority', orchestrators },
  });
}
