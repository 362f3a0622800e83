import type { LandRequest } from '../../domain/claims/land.js';
import { decide, mayNotAsk } from '../../domain/decide.js';
import type { Claim, Release, State } from '../../domain/model.js';
import type { Refused } from '../../domain/request.js';
import { type Answer, partsOf } from '../../domain/request-table.js';
import { coord } from '../../domain/suggestion.js';
import { NO_TASK } from '../../domain/tasks/landed.js';
import { isTaskTarget } from '../../domain/tasks/task.js';
import { CoordError, usage } from '../../errors.js';
import { changesSince, pathsBetween } from '../../git/changes.js';
import { type LandReport, landLines, landRefused, uncommittedOnGround } from '../../render/land.js';
import { PairedRefDeclined } from '../../store/swap/store.js';
import { transact } from '../../store/swap/transact.js';
import { uncommittedOn } from '../../workspace/clean.js';
import type { Context } from '../../workspace/context.js';
import { syncError } from '../../workspace/sync-facts.js';
import { readWait } from '../input.js';
import { readTaskId } from '../tasks/tasks.js';
import type { Outcome, Success, Verb } from '../verb.js';
import { giveBackMerged } from './release-merged.js';
import {
  isOnRecord,
  landRequest,
  pairedMain,
  pushForReview,
  readMain,
  readWork,
  rehearse,
  requireSharing,
  type Work,
  whyDeclined,
} from './review.js';
import { checkBeforeLanding, endTurn, landInTurn } from './turn.js';

export const land: Verb = {
  options: [
    ['--to <branch>', 'push to this branch for a pull request instead; no claim is released'],
    ['--wait [duration]', 'wait your turn, first come, first served'],
    ['--dry-run', 'show what would be done, and change nothing; what would land and be released'],
    ['--task <id>', 'the task it belongs to, or none; where that is not clear', 'repeatable'],
  ],
  examples: [
    ['coord land', 'move the main branch to HEAD and release the claims on what it changed, both or neither'],
    ['coord land --dry-run', 'show it only'],
    ['coord land --wait', 'where many land at once: rebase when it is your turn, and once'],
    ['coord land --to paginate-users', 'where the main branch takes no push: then open a pull request'],
  ],
  notes: [
    'Every changed path of the surface (as the main branch has it) must be under an exclusive claim that you hold.',
    'HEAD must contain all of the main branch. Running it again gives the same answer, and no second effect.',
    'With --wait, whose turn it is is told to rebase, and keeps the turn meanwhile (land.turn): nobody else lands.',
    'It also closes the tasks that its work belongs to; their gates are checked first.',
    'Your pre-push hook runs once, before anything is moved, and sees the push of the main branch only.',
  ],
  answers: {
    landed: 'boolean',
    'already?': 'boolean',
    dryRun: 'boolean',
    'claimsAt?': ['text | null', 'the remote with the claims, or etcd, where no one push moves both'],
    commit: 'commit',
    'from?': 'commit',
    to: 'text',
    'commits?': 'number',
    paths: 'text[]',
    'released?': 'Landed[]',
    'done?': ['object[]', 'id and title of the tasks that it ended'],
    'pushed?': ['boolean', 'with --to, as upstream and held'],
    'upstream?': 'text',
    'held?': 'text[]',
  },
  async run(context, input) {
    await requireSharing(context);
    const branch = input.text('to');
    const dryRun = input.flag('dryRun');
    if (branch !== undefined) return pushForReview(context, branch, dryRun);
    const named = input.texts('task').map((id) => (id === NO_TASK ? id : readTaskId(id)));
    const options = { dryRun, tasks: named.length === 0 ? null : named };
    const seconds = readWait(input, await context.config());
    if (seconds === null) {
      const outcome = await landOnMain(context, options);
      return dryRun ? outcome : endTurn(context, outcome);
    }
    if (dryRun) throw usage('--wait and --dry-run cannot be used together', coord('land --dry-run'));
    return landInTurn(context, seconds, () => landOnMain(context, options));
  },
};

const ATTEMPTS = 6;
const LONGEST_PAUSE_MS = 250;

interface LandOptions {
  readonly dryRun: boolean;
  /** null: those of whose ground it is clear. */
  readonly tasks: readonly string[] | null;
}

async function landOnMain(context: Context, options: LandOptions): Promise<Outcome> {
  const rehearsed = new Set<string>();
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await tryToLand(context, options, rehearsed);
    if (!('again' in outcome)) return outcome;
    if (attempt === ATTEMPTS) return outcome.again;
    await context.effects.pause(context.effects.random() * LONGEST_PAUSE_MS * attempt);
  }
}

/** What stopped this try; another one starts from what the remote has now. */
interface TryAgain {
  readonly again: CoordError;
}

/** @param rehearsed commits that the user's hook has let through */
async function tryToLand(context: Context, options: LandOptions, rehearsed: Set<string>): Promise<Outcome | TryAgain> {
  const { dryRun } = options;
  const { verdict, work } = await readWork(context);
  if (work === null) return syncError(verdict);
  const store = await context.store();
  const asked = await landRequest(context, work, options.tasks);
  const parts = partsOf([asked]);
  await store.latest(parts);
  const state = await store.view(parts);
  const barred = mayNotAsk(state, asked, context.now());
  if (barred) return landRefused(barred, context.now());
  if (work.ahead === 0) {
    const there = await alreadyThere(context, { asked, work, state, inSync: verdict.ok, dryRun });
    if (there) return there;
  }
  if (!verdict.ok) return syncError(verdict);
  const { withOpenGates } = await import('../gates/source.js');
  const request = await withOpenGates(context, state, asked);
  if (request instanceof CoordError) return request;
  const plan = decide(state, request, context.now());
  if (!plan.ok) return refused(context, work, plan);
  const { released: claims, done } = plan.result;
  const dirty = await uncommittedOn(context, claims);
  if (dirty.length > 0) return uncommittedOnGround(dirty, coord('land'));
  if (dryRun) return success(context, request, work, { landed: false, already: false, dryRun, released: claims, done });
  if (!rehearsed.has(work.head)) {
    const stopped = await rehearse(context, work);
    if (stopped) return stopped;
    rehearsed.add(work.head);
  }
  const failed = await checkBeforeLanding(context, store, work, claims);
  if (failed) return failed;
  return push(context, work, await withChanges(context, request, claims), claims);
}

interface There {
  readonly asked: LandRequest;
  readonly work: Work;
  readonly state: State;
  readonly inSync: boolean;
  readonly dryRun: boolean;
}

/**
 * HEAD is on the main branch: by an earlier run, whose answer is given again, or by a push. Claims whose work came there with
 * it are given back now. null: nobody landed it, and HEAD lacks what came after it.
 */
async function alreadyThere(context: Context, { asked, work, state, inSync, dryRun }: There): Promise<Outcome | null> {
  const { agent, commit } = asked;
  const before = await isOnRecord(context, 'work.landed', { agent, commit });
  const finished = before || dryRun ? null : await goOn(context, asked, work);
  if (finished !== null || !(inSync || before)) return finished;
  const main = { name: `${work.remote}/${work.branch}`, commit: work.main };
  const given = dryRun ? null : await giveBackMerged(context, work.head, main);
  if (given instanceof CoordError) return given;
  const earlier = before ? releasedAt(state, asked.agent, work.head) : [];
  const tasks = state.tasks.tasks.filter((task) => task.commit === work.head && task.evidence === 'landed');
  const done = [...(before ? tasks : []), ...(given?.done ?? [])];
  const released = [...earlier, ...(given?.released ?? [])];
  return success(context, asked, work, { landed: before, already: true, dryRun: false, released, done });
}

/** What an earlier run released with this commit, each claim once: a path that was renamed has a record of its own. */
function releasedAt(state: State, agent: string, commit: string): readonly Release[] {
  const releases = state.releases.filter((one) => one.agent === agent && one.commit === commit);
  return [...new Map(releases.reverse().map((release) => [release.token, release])).values()].reverse();
}

async function withChanges(context: Context, request: LandRequest, claims: readonly Claim[]): Promise<LandRequest> {
  const { commit, from } = request;
  return { ...request, changes: await changesSince(context.git, claims, commit, context.repository.foldsCase, from) };
}

/** Where the claims are in another repository, an earlier run may have moved the main branch and recorded nothing. */
async function goOn(context: Context, asked: LandRequest, work: Work): Promise<Outcome | null> {
  if ((await claimsApart(context)) === null) return null;
  const { begunBefore, finishLanding } = await import('./two-steps.js');
  const begun = begunBefore(context, work);
  if (begun === null) return null;
  const paths = await pathsBetween(context.git, begun.from, work.head);
  const { state } = await (await context.store()).read(partsOf([asked]));
  const { withOpenGates } = await import('../gates/source.js');
  const request = await withOpenGates(context, state, { ...asked, from: begun.from, paths });
  if (request instanceof CoordError) return request;
  const plan = decide(state, request, context.now());
  const claims = plan.ok ? plan.result.released : [];
  const answer = await finishLanding(context, work, await withChanges(context, request, claims));
  if (answer === null) return null;
  if (!answer.ok) return landRefused(answer.refusal, context.now());
  return success(context, request, work, { landed: true, already: true, dryRun: false, ...answer.result });
}

/** Where the claims are, if one push cannot move them with the main branch: another remote, or etcd; else null. */
async function claimsApart(context: Context): Promise<string | null> {
  if ((await context.store()).decider.kept !== null) return 'etcd';
  const { remote, mainRemote } = await context.config();
  return remote === mainRemote ? null : remote;
}

async function push(
  context: Context,
  work: Work,
  request: LandRequest,
  claims: readonly Claim[],
): Promise<Outcome | TryAgain> {
  let decision: Answer<'land'>;
  try {
    if ((await claimsApart(context)) !== null) {
      const { landInTwoSteps } = await import('./two-steps.js');
      decision = await landInTwoSteps(context, work, request, claims);
    } else {
      const store = await context.stores.open(await context.config(), pairedMain(context, work));
      decision = await transact(store, request, context.effects);
    }
  } catch (error) {
    if (!(error instanceof PairedRefDeclined)) throw error;
    const { error: why, fleeting } = whyDeclined(error.pushed, work);
    return fleeting || (await hasMoved(context, work)) ? { again: why } : why;
  }
  if (!decision.ok) return refused(context, work, decision);
  return success(context, request, work, { landed: true, already: false, dryRun: false, ...decision.result });
}

/**
 * Another run of this command, killed or not, may have landed the very same work meanwhile, and released its claims;
 * then the main branch has moved.
 */
async function refused(context: Context, work: Work, { refusal }: Refused): Promise<CoordError | TryAgain> {
  const error = landRefused(refusal, context.now());
  return (await hasMoved(context, work)) ? { again: error } : error;
}

async function hasMoved(context: Context, { main }: Work): Promise<boolean> {
  return (await readMain(context)) !== main;
}

async function success(
  context: Context,
  request: LandRequest,
  work: Work,
  came: Pick<LandReport, 'landed' | 'already' | 'dryRun' | 'done'> & {
    readonly released: readonly LandReport['released'][number][];
  },
): Promise<Success> {
  const { landed, already, dryRun } = came;
  const released = came.released
    .filter(({ kind, target }) => !isTaskTarget({ kind, text: target }))
    .map(({ target, kind, agent, token }) => ({ target, kind, agent, token }));
  const report: LandReport = {
    landed,
    already,
    dryRun,
    claimsAt: await claimsApart(context),
    commit: request.commit,
    from: request.from,
    to: `${work.remote}/${work.branch}`,
    commits: work.ahead,
    paths: request.paths,
    released,
    done: came.done.map(({ id, title }) => ({ id, title })),
  };
  return { data: report, text: (style) => landLines(report, style) };
}
