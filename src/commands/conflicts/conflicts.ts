import { join } from 'node:path';
import {
  type Collision,
  type Forecast,
  forecastOf,
  type MergeOutcome,
  type Prediction,
} from '../../domain/sync/collisions.js';
import { firstOf, oneLine, plural } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import { type Pair, ShadowRepository } from '../../git/shadow.js';
import type { Style } from '../../render/style.js';
import { nameOfWork, nextStep, rememberCollisions, tellCollisions } from '../../workspace/collisions.js';
import type { Context } from '../../workspace/context.js';
import { withProgress } from '../../workspace/host.js';
import type { Outcome, Success, Verb } from '../verb.js';
import { watchScreen } from '../watch.js';
import { type Work, type Works, worksOf } from './works.js';

/** Work that others do here changes files, which nothing tells of. */
const LOOK_AGAIN_MS = 5_000;

export const conflicts: Verb = {
  options: [
    ['--all', 'all of them; every pair of works in progress, not only this worktree with each of the others'],
    ['--strict', 'fail on what is found; exit 5 where a verdict is conflict'],
    ['--watch', 'show it again at each change, until you stop it'],
  ],
  examples: [
    ['coord conflicts', 'whose work would conflict with yours when both are merged, committed or not'],
    ['coord conflicts --all --strict', 'exit 5 if any two would collide, for a script'],
  ],
  notes: [
    'It tries the merges in a temporary place: of this worktree, the others of this clone, the branches of the remote as last fetched, and',
    'submissions. It writes nothing into the repository, and needs no claims. Clean text does not mean that the',
    'program still works.',
  ],
  answers: { conflicts: 'Collision[]', left: ['number', 'older branches that were not looked at'], now: 'instant' },
  refusals: { reason: "'conflicts'", conflicts: 'Collision[]', left: 'number', now: 'instant' },
  async run(context, input) {
    const look = () => withProgress(context.host, 'trying the merges', () => predict(context, input.flag('all')));
    if (input.flag('watch')) {
      return watchScreen(context, 'conflicts', LOOK_AGAIN_MS, async () => successOf(context, await look()));
    }
    const found = await look();
    // What is said here is no news behind it.
    const { agent } = context.identityIfKnown() ?? { agent: null };
    if (agent !== null) tellCollisions(context, agent);
    return input.flag('strict') ? strictly(context, found) : successOf(context, found);
  },
};

/** Tries the merges aside, and remembers what came of them. @param all each pair of all work */
export async function predict(context: Context, all: boolean): Promise<Prediction> {
  const shadow = await ShadowRepository.create(context.repository, context.git, context.host.env);
  try {
    const works = await worksOf(context, shadow);
    const { own, others } = works;
    const pairs = pairsOf(works, all);
    const memory = new PairMemory(join(context.localDirectory, 'merges.json'));
    const merges = await memory.merges(shadow, pairs.flatMap(commitsOf));
    const trials = pairs.map((pair) => trialOf(merges, ...pair));
    const roots = [own, ...others].flatMap(({ of: { worktree } }) => (worktree === null ? [] : [worktree]));
    const driven = await shadow.driven(roots, [...new Set(trials.flatMap(({ both }) => both))]);
    const found = pairs.flatMap(([ours, theirs], at): Collision[] => {
      const forecast = trials[at]?.forecast(driven) ?? null;
      if (forecast === null) return [];
      const uncommitted = [ours, theirs].some(({ snapshot }) => snapshot?.uncommitted === true);
      return [{ ...forecast, of: all ? ours.of : null, with: theirs.of, uncommitted }];
    });
    rememberCollisions(context, found, all ? null : works.own.of);
    return { conflicts: found, left: works.left };
  } finally {
    shadow.remove();
  }
}

function pairsOf({ own, others }: Works, all: boolean): [Work, Work][] {
  const every = [own, ...others];
  return all
    ? every.flatMap((ours, index) => every.slice(index + 1).map((theirs): [Work, Work] => [ours, theirs]))
    : others.map((theirs) => [own, theirs]);
}

/** What trying one merge came to. */
interface Trial {
  /** The paths that both sides have changed. */
  readonly both: readonly string[];
  /**
   * @param driven paths of all trials that a program of the user's merges, converts or compares
   * @returns null where both are the same work, so that there is nothing to merge
   */
  readonly forecast: (driven: ReadonlySet<string>) => Forecast | null;
}

/** The two commits of a pair, where there is anything to merge. */
function commitsOf([{ snapshot: mine }, { snapshot: other }]: readonly [Work, Work]): Pair[] {
  return mine === null || other === null || mine.commit === other.commit ? [] : [[mine.commit, other.commit]];
}

function trialOf(merges: ReadonlyMap<string, Merge>, ours: Work, theirs: Work): Trial {
  const why = ours.why ?? theirs.why;
  const [mine, other] = [ours.snapshot, theirs.snapshot];
  if (mine === null || other === null) return { both: [], forecast: () => ({ verdict: 'unknown', paths: [], why }) };
  const unread = [...mine.unread, ...other.unread];
  if (mine.commit === other.commit && unread.length === 0) return { both: [], forecast: () => null };
  const { outcome, both } = merges.get(keyOf([mine.commit, other.commit])) ?? SAME;
  const ownOf = (driven: ReadonlySet<string>) => new Set(both.filter((path) => driven.has(path)));
  return { both, forecast: (driven) => forecastOf(outcome, ownOf(driven), unread) };
}

/** What merging two commits came to, and the paths that both have changed. */
interface Merge {
  readonly outcome: MergeOutcome;
  readonly both: readonly string[];
}

const SAME: Merge = { outcome: { kind: 'clean' }, both: [] };

function keyOf(pair: Pair): string {
  return pair.toSorted().join(' ');
}

const MOST_REMEMBERED = 2_000;

/** What merges came to, by the two commits: they never come to anything else. */
class PairMemory {
  private readonly known: Map<string, Merge>;

  constructor(private readonly path: string) {
    const merges = readCached(path, (value) => (Array.isArray(value.merges) ? value.merges : null)) ?? [];
    this.known = new Map(merges as [string, Merge][]);
  }

  /** Tries those that are not known, and remembers them. */
  async merges(shadow: ShadowRepository, pairs: readonly Pair[]): Promise<ReadonlyMap<string, Merge>> {
    const fresh = pairs.filter((pair) => !this.known.has(keyOf(pair)));
    const outcomes = await shadow.mergeAll(fresh);
    const tried = fresh.filter((_, at) => outcomes[at]?.kind !== 'unknown');
    const both = new Map((await shadow.changedByBoth(tried)).map((paths, at) => [tried[at], paths]));
    const found = new Map(
      fresh.map((pair, at) => [keyOf(pair), { outcome: outcomes[at] as MergeOutcome, both: both.get(pair) ?? [] }]),
    );
    // What could not be tried may be fetched by the next time.
    for (const pair of tried) this.known.set(keyOf(pair), found.get(keyOf(pair)) as Merge);
    if (tried.length > 0) writeCached(this.path, { merges: [...this.known].slice(-MOST_REMEMBERED) });
    return new Map([...this.known, ...found]);
  }
}

function successOf(context: Context, found: Prediction): Success {
  return { data: { ...found, now: context.now() }, text: (style) => lines(context, found, style) };
}

function strictly(context: Context, found: Prediction): Outcome {
  const success = successOf(context, found);
  const colliding = found.conflicts.filter(({ verdict }) => verdict === 'conflict');
  if (colliding.length === 0) return success;
  const [first] = colliding;
  return new CoordError('behind', colliding.map((one) => sentence(context, one)).join('\n'), {
    hint: nextStep(first),
    details: { reason: 'conflicts', ...success.data },
  });
}

const MOST_PATHS = 5;

function lines(context: Context, { conflicts: found, left }: Prediction, style: Style): string[] {
  const colliding = found.filter(({ verdict }) => verdict === 'conflict');
  const doubtful = found.filter(({ verdict }) => verdict === 'unknown');
  const clean = found.length - colliding.length - doubtful.length;
  const [first] = colliding;
  return [
    ...colliding.map((one) => style.bad(sentence(context, one))),
    ...doubtful.map((one) => style.warn(sentence(context, one))),
    ...(clean > 0 ? [`clean text: ${plural(clean, 'other merge')}`] : []),
    ...(found.length === 0 ? ['no other work in progress is known here'] : []),
    ...(left > 0 ? [`older branches that were not looked at: ${left}`] : []),
    ...(first ? [`${style.bold('next:')} ${nextStep(first)}`] : []),
  ];
}

function sentence(
  { repository: { root } }: Context,
  { verdict, paths, why, of, with: other, uncommitted }: Collision,
): string {
  const where = paths.length === 0 ? '' : ` in ${firstOf(paths, oneLine, MOST_PATHS).join(', ')}`;
  const pair = of === null ? nameOfWork(root, other) : `${nameOfWork(root, of)} and ${nameOfWork(root, other)}`;
  const state = uncommitted ? ', not all of it committed' : '';
  return verdict === 'unknown' ? `unknown: ${pair}${where}: ${why}` : `conflict: ${pair}${where}${state}`;
}
