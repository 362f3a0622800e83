import type { Context } from '../context.js';
import { findAgent } from '../domain/agents.js';
import { refusedAuthority } from '../domain/authority.js';
import type { Compacted } from '../domain/compacted.js';
import { numberEvents } from '../domain/events.js';
import type { State } from '../domain/model.js';
import { addSeconds, parseDuration } from '../domain/time.js';
import { CoordError, usage } from '../errors.js';
import { isPerson } from '../person.js';
import { type CompactReport, compactLines, mayNotCompact } from '../render/compact.js';
import { refusalError } from '../render/refusals.js';
import { type Archive, archiveIn } from '../store/archive.js';
import { CompactedHistory, type CompactionPlan, extendPlan, type Keep, planCompaction } from '../store/compact.js';
import type { GitStore } from '../store/git-store.js';
import type { Input, Outcome, Verb } from './verb.js';

const DEFAULT_KEEP = '30d';
/** Each time another writer came first; what was copied is not copied again, so a try is as quick as any write. */
const ATTEMPTS = 200;
const LONGEST_PAUSE_MS = 100;

export const compact: Verb = {
  options: [
    ['--keep <what>', `how much stays as it is: a duration, or a number of commits (${DEFAULT_KEEP})`],
    ['--archive <name>', 'keep the former history as refs/coord/archive/NAME, here and on the remote'],
    ['--dry-run', 'say what would go, and change nothing'],
  ],
  examples: [
    ['coord compact --dry-run', 'what would go'],
    ['coord compact --keep 1000 --archive 2026', 'keep the newest 1000 commits, and put the rest aside'],
  ],
  notes: [
    'One commit takes the place of the older ones: claims, notes and all else in the state stay, the older events go.',
    'Other clones follow by themselves, as long as the commit that they know is kept, archived, or still on the remote.',
    'Only an orchestrator or a person at a terminal may.',
  ],
  async run(context, input) {
    const keep = readKeep(context, input);
    const archive = await readArchive(context, input);
    const { agent } = context.identity();
    const store = await context.store();
    const { state, revision } = await store.latest();
    const refused = refusalOf(context, agent, state);
    if (refused) return refused;
    const plan = await planCompaction(context, revision, keep);
    if (plan.compacted === null || input.flag('dry-run')) return success(context, report(plan, null, input));
    return new Compaction(context, store, keep, archive).run(plan, plan.compacted, input);
  },
};

class Compaction {
  constructor(
    private readonly context: Context,
    private readonly store: GitStore,
    private readonly keep: Keep,
    private readonly archive: Archive | null,
  ) {}

  async run(first: CompactionPlan, compacted: Compacted, input: Input): Promise<Outcome> {
    const { context, store, archive } = this;
    const history = new CompactedHistory(context, await this.entry(compacted));
    // The long part, while others go on writing; what they add is quickly done afterwards.
    await history.write(first, compacted);
    try {
      return await store.exclusively(async () => {
        for (let plan = first, attempt = 0; attempt < ATTEMPTS; attempt += 1) {
          const commit = await history.write(plan, plan.compacted ?? compacted);
          const companion = await archive?.keep(plan.tip);
          if (await store.replace(commit, plan.tip, companion)) {
            archive?.stays();
            return success(context, report(plan, archive?.ref ?? null, input, commit));
          }
          await context.surroundings.pause(context.host.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
          const { state, revision } = await store.latest();
          const refused = refusalOf(context, context.identity().agent, state);
          if (refused) return refused;
          plan = (await extendPlan(context, plan, revision)) ?? (await planCompaction(context, revision, this.keep));
          // Somebody else compacted it in the meantime.
          if (plan.compacted === null) return success(context, report(plan, null, input));
        }
        throw new CoordError('unavailable', `the coordination branch moved ${ATTEMPTS} times before it was compacted`, {
          hint: 'nothing was changed; repeat the command',
        });
      });
    } finally {
      await archive?.dropUnlessItStays();
    }
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
  const killed = findAgent(state, agent)?.killed;
  if (killed) return refusalError({ code: 'closed', reason: 'killed', kill: killed }, context.now());
  const refusal = refusedAuthority(state, { agent, person: isPerson(context.host) });
  return refusal?.reason === 'authority' ? mayNotCompact(refusal.orchestrators) : null;
}

function readKeep(context: Context, input: Input): Keep {
  const text = input.text('keep') ?? DEFAULT_KEEP;
  if (/^\d{1,9}$/.test(text)) return { commits: Number(text) };
  const seconds = parseDuration(text);
  if (seconds === null) {
    throw usage(
      `--keep is neither a duration nor a number of commits: ${JSON.stringify(text)}`,
      'for example --keep 30d, or --keep 1000',
    );
  }
  return { since: addSeconds(context.now(), -seconds) };
}

async function readArchive(context: Context, input: Input): Promise<Archive | null> {
  const name = input.text('archive');
  return name === undefined ? null : archiveIn(context, await context.config(), name);
}

function report(plan: CompactionPlan, archive: string | null, input: Input, commit?: string): CompactReport {
  const { compacted, kept, tip } = plan;
  const dryRun = input.flag('dry-run');
  return {
    changed: commit !== undefined,
    dryRun,
    compacted,
    kept: kept.length,
    former: tip,
    tip: commit ?? tip,
    archive,
  };
}

function success(context: Context, result: CompactReport): Outcome {
  return { data: result, text: (style) => compactLines(result, context.now(), style) };
}
