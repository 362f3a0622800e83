import { CONFIG_FILE } from '../../config/load.js';
import { coverageOf, type LandRequest } from '../../domain/claims/land.js';
import { decide } from '../../domain/decide.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import { partsOf } from '../../domain/request-table.js';
import { command, coord, form, shellWord } from '../../domain/suggestion.js';
import { judgeSync, type SyncRefusal, type SyncVerdict } from '../../domain/sync/sync.js';
import { oneLine } from '../../domain/text.js';
import { addSeconds } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { mergeBase, pathsBetween } from '../../git/changes.js';
import type { PorcelainResult } from '../../git/porcelain.js';
import {
  hasPrePushHook,
  lacksAtomic,
  type PushRejection,
  reasonOf,
  refusedByHook,
  rejectionOf,
  wordsOf,
} from '../../git/push-status.js';
import { isAncestor } from '../../git/refs.js';
import {
  hookRefused,
  landRefused,
  notAtomic,
  notPushed,
  notTogether,
  protectedBranch,
  type ReviewReport,
  reviewLines,
  unclear,
  unknownPush,
} from '../../render/land.js';
import { surelyNotPushed, troubleIn } from '../../store/swap/remote-messages.js';
import { type PairedRef, UNKNOWN_OUTCOME } from '../../store/swap/store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { configAt } from '../../workspace/main-branch.js';
import { syncError, syncFacts } from '../../workspace/sync-facts.js';
import type { Outcome } from '../verb.js';

/** HEAD, and the remote's main branch as it has just been fetched. */
export interface Work {
  readonly head: string;
  readonly remote: string;
  /** Short name of the main branch. */
  readonly branch: string;
  /** The commit at its tip. */
  readonly main: string;
  /** Commits that HEAD has and the main branch lacks. */
  readonly ahead: number;
  readonly behind: number;
}

/** `work` is null when it cannot be known how the two stand to each other; the verdict says why. */
type WorkRead =
  | { readonly verdict: SyncVerdict; readonly work: Work }
  | { readonly verdict: SyncRefusal; readonly work: null };

/** Fetches the main branch, and judges whether HEAD contains it. */
export async function readWork(context: Context): Promise<WorkRead> {
  const { mainRemote, mainBranch } = await context.config();
  const facts = await syncFacts(context, { mainRemote, mainBranch, surface: [], requireClean: false });
  // What lands is the commit, whatever is checked out in submodules.
  const verdict = judgeSync({ ...facts, submodules: [] });
  const { head, upstream } = facts;
  if (upstream.kind === 'fetched' && head !== null) {
    const { branch, commit: main, ahead, behind } = upstream;
    const known = verdict.ok || verdict.reason === 'behind' || verdict.reason === 'diverged';
    if (known) return { verdict, work: { head, remote: mainRemote, branch, main, ahead, behind } };
  }
  if (verdict.ok) throw new CoordError('fault', 'HEAD was found in sync without a main branch');
  return { verdict, work: null };
}

/** The commit at the tip of the remote's main branch now; null when it cannot be known. */
export async function readMain(context: Context): Promise<string | null> {
  return (await readWork(context)).verdict.report.upstreamCommit;
}

/** @throws CoordError `usage` where there is no remote that arbitrates. */
export async function requireSharing(context: Context): Promise<void> {
  if ((await context.config()).share) return;
  throw usage(
    `nothing to land on: ${CONFIG_FILE} shares with no remote ("share": false)`,
    `merge it into your main branch yourself, then ${coord('release --all')}; or set "share": true where there is a remote`,
  );
}

/** The request to let this work land; its changes are added once the claims are known. */
export async function landRequest(
  context: Context,
  work: Work,
  tasks: readonly string[] | null = null,
): Promise<LandRequest> {
  const base = await context.requestBase();
  const from = await commonBase(context, work);
  return {
    ...base,
    // Landing twice is landing once, with or without an id.
    requestId: null,
    policy: { ...base.policy, surface: await surfaceOf(context, work.main) },
    kind: 'land',
    commit: work.head,
    branch: work.branch,
    from,
    paths: await pathsBetween(context.git, from, work.head),
    changes: null,
    tasks,
    open: {},
  };
}

async function commonBase(context: Context, { main, head, behind }: Work): Promise<string> {
  if (behind === 0) return main;
  const base = await mergeBase(context.git, main, head);
  if (base === null) throw new CoordError('fault', `${main} and ${head} lost their common history`);
  return base;
}

/** The surface as the main branch has it, so that no work can land by leaving itself out; else as it is here. */
async function surfaceOf(context: Context, main: string): Promise<readonly Target[]> {
  const onMain = await configAt(context, main).catch(() => null);
  const { surface } = onMain ?? (await context.config());
  return surface.map(patternTarget);
}

/** A push with the user's hooks: agents' tools stop a command after 10 minutes. */
const PUSH_TIMEOUT_MS = 540_000;

/**
 * Pushes HEAD to a branch for a pull request. The claims are checked as for a landing, and stay held: the work is not on
 * the main branch yet. HEAD may lack commits of it, since the merge brings the two together.
 */
export async function pushForReview(context: Context, branch: string, dryRun: boolean): Promise<Outcome> {
  const { verdict, work } = await readWork(context);
  await checkBranch(context, branch, work);
  if (work === null) return syncError(verdict);
  if (work.ahead === 0) {
    return new CoordError('usage', `nothing to push: ${work.remote}/${work.branch} has all of HEAD`, {
      hint: 'commit your work first',
    });
  }
  const remote = await reviewRemote(context, work);
  const request = { ...(await landRequest(context, work)), review: branch };
  const { state } = await (await context.store()).latest(partsOf([request]));
  const plan = decide(state, request, context.now());
  if (!plan.ok) return landRefused(plan.refusal, context.now());
  if (!dryRun) {
    const stopped = await push(context, { ...work, remote }, branch);
    if (stopped) return stopped;
  }
  const under = request.paths.flatMap((path) => coverageOf(state, request, path, context.now()).claims);
  const claims = [...new Set(under)].map(({ id }) => id);
  const unrecorded = dryRun ? null : await record(context, request, { branch, claims });
  const report: ReviewReport = {
    landed: false,
    pushed: !dryRun,
    dryRun,
    commit: work.head,
    to: `${remote}/${branch}`,
    upstream: `${work.remote}/${work.branch}`,
    paths: request.paths,
    held: [...new Set(under.map(({ target }) => target))],
  };
  const late = `HEAD lacks ${work.behind} of the commits of ${report.upstream}; the pull request may need them`;
  return {
    data: report,
    text: (style) => reviewLines(report, style),
    warnings: [...(work.behind === 0 ? [] : [late]), ...(unrecorded === null ? [] : [unrecorded])],
  };
}

/**
 * Tells the history which commits were pushed under which claims: an audit of the pull request goes by that, since the
 * claims are not released yet. The push has happened whatever becomes of it.
 * @returns why it is not recorded; null when it is.
 */
async function record(
  context: Context,
  request: LandRequest,
  pushed: { readonly branch: string; readonly claims: readonly string[] },
): Promise<string | null> {
  const again = 'an audit will not know whose it is; repeat the command';
  const { agent, commit } = request;
  try {
    if (await isOnRecord(context, 'work.pushed', { agent, commit, ...pushed })) return null;
    const decision = await transact(await context.store(), request, context.effects);
    return decision.ok ? null : `pushed, and not recorded: the claims have changed in the meantime; ${again}`;
  } catch (error) {
    if (!(error instanceof CoordError)) throw error;
    const what = error.details.reason === UNKNOWN_OUTCOME ? 'unknown whether that is recorded' : 'not recorded';
    return `pushed, and ${what}: ${oneLine(error.message)}; ${again}`;
  }
}

/** A command is repeated soon, or not at all; the history may be long. */
const REPEATED_SECONDS = 14 * 86_400;

/** Whether the newer history of the state has an event of this type with these very values: what is told once is not told again. */
export async function isOnRecord(
  context: Context,
  type: 'work.landed' | 'work.pushed',
  facts: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const { ref } = await context.config();
  const words = Object.entries({ type, ...facts }).map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  const greps = words.map((word) => `--grep=${word}`);
  const since = `--since=${addSeconds(context.now(), -REPEATED_SECONDS)}`;
  const args = [
    'log',
    '-1',
    '--first-parent',
    since,
    '--format=%H',
    '--fixed-strings',
    '--all-match',
    ...greps,
    ref,
    '--',
  ];
  const { code, stdout } = await context.git(args);
  return code === 0 && stdout.length > 0;
}

async function checkBranch(context: Context, branch: string, work: Work | null): Promise<void> {
  const { code } = await context.git(['check-ref-format', '--branch', branch]);
  if (code !== 0 || branch.startsWith('-')) {
    throw usage(
      `not a branch name: ${JSON.stringify(branch)}`,
      `${form('land --to BRANCH')}; examples: ${coord('help land')}`,
    );
  }
  const config = await context.config();
  if ([`refs/heads/${branch}`, `refs/${branch}`, branch].includes(config.ref))
    throw usage(`${branch} is the state ref`, 'name another branch');
  if (branch === (work?.branch ?? config.mainBranch)) throw usage(`${branch} is the main branch`, coord('land'));
}

/** Where git would push this branch, if it was told so (a fork), else beside the main branch. */
async function reviewRemote(context: Context, work: Work): Promise<string> {
  const local = (await context.head()).ref?.replace('refs/heads/', '');
  const settings = [...(local === undefined ? [] : [`branch.${local}.pushRemote`]), 'remote.pushDefault'];
  for (const setting of settings) {
    const { code, stdout } = await context.git(['config', '--get', setting]);
    if (code === 0) return stdout.toString('utf8').trim();
  }
  return work.remote;
}

/** @returns why it could not be pushed; null when it was. */
async function push(context: Context, work: Work, branch: string): Promise<CoordError | null> {
  const ref = `refs/heads/${branch}`;
  const door = context.remoteGitWithin(PUSH_TIMEOUT_MS);
  const pushed = await door.push(work.remote, [`${work.head}:${ref}`], ['--no-follow-tags']);
  if (pushed.code === 0) return null;
  // The answer may have been lost on the way.
  const listed = await context.remoteGit.lsRemote(work.remote, [ref]);
  if (listed.stdout.includes(`${work.head}\t${ref}\n`)) return null;
  // What was sent and not answered may still land, whatever the remote shows by now.
  const isNo = surelyNotPushed(pushed, [ref]) || refusedByHook(pushed);
  if (!isNo) return unknownPush({ remote: work.remote, branch }, reasonOf(pushed));
  return whyNotPushed(pushed, work, branch, ref);
}

function whyNotPushed(pushed: PorcelainResult, work: Work, branch: string, ref: string): CoordError {
  const rejection = rejectionOf(pushed, ref);
  const { remote } = work;
  if (rejection && refusesBranch(rejection))
    return protectedBranch(rejection.reason, wordsOf(pushed), { remote, branch });
  if (refusedByHook(pushed)) return hookRefused(wordsOf(pushed));
  if (rejection?.by !== 'git') return notPushed(troubleIn(pushed), reasonOf(pushed), wordsOf(pushed), work);
  return new CoordError('behind', `behind: ${oneLine(`${remote}/${branch}`)} has commits that HEAD lacks`, {
    hint: `${command(`git pull --rebase ${shellWord(remote)} ${shellWord(branch)}`)}, then repeat; if you have rebased a branch that is yours alone, push it yourself: ${command(`git push --force-with-lease ${shellWord(remote)} HEAD:${shellWord(branch)}`)}`,
    details: { reason: 'review-branch', branch },
  });
}

/** Milliseconds that a hook of the user's may take: agents' tools stop a command after 10 minutes. */
const HOOK_TIMEOUT_MS = 540_000;

/**
 * Lets the user's pre-push hook see the push of the main branch, and it alone, before anything is decided: git runs it
 * for a push that moves nothing. So a slow one holds nobody up, and runs once however often the race is lost.
 * @returns why it may not be pushed; null when it may.
 */
export async function rehearse(context: Context, work: Work): Promise<CoordError | null> {
  if (!(await hasPrePushHook(context.repository, context.git))) return null;
  const ref = `refs/heads/${work.branch}`;
  const options = ['--dry-run', `--force-with-lease=${ref}:${work.main}`];
  // The guard of coord in that hook may have no other way to know who lands.
  const { agent, session } = context.identity();
  const env = { COORD_AGENT: agent, ...(session === null ? {} : { COORD_SESSION: session }) };
  const door = context.remoteGitWithin(HOOK_TIMEOUT_MS, env);
  const pushed = await door.push(work.remote, [`${work.head}:${ref}`], options);
  if (pushed.timedOut) return notPushed(troubleIn(pushed), 'your pre-push hook did not end within 9 minutes', [], work);
  return refusedByHook(pushed) ? hookRefused(wordsOf(pushed)) : null;
}

/** The main branch, to be moved together with the state ref. */
export function pairedMain(context: Context, work: Work): PairedRef {
  return {
    ref: `refs/heads/${work.branch}`,
    commit: work.head,
    expected: work.main,
    confirm: async () => {
      const main = await readMain(context);
      if (main === null) throw unclear(work);
      if ((await isAncestor(context.git, work.head, main)) !== true) throw notTogether(work);
    },
  };
}

interface Declined {
  readonly error: CoordError;
  /** Another writer was at it, or its lock is still there: another try may well succeed. */
  readonly fleeting: boolean;
}

/** What a push is about that the remote declined. */
export function whyDeclined(pushed: PorcelainResult, work: Work): Declined {
  if (lacksAtomic(pushed)) return { error: notAtomic(work), fleeting: false };
  const rejection = rejectionOf(pushed, `refs/heads/${work.branch}`);
  if (rejection !== null && refusesBranch(rejection)) {
    return { error: protectedBranch(rejection.reason, wordsOf(pushed), work), fleeting: false };
  }
  const fleeting = rejection !== null && (rejection.by === 'git' || FLEETING.test(rejection.reason));
  return { error: notPushed(troubleIn(pushed), reasonOf(pushed), wordsOf(pushed), work), fleeting };
}

/** Whether it is this very branch that the server does not let be pushed. */
function refusesBranch({ by, reason }: PushRejection): boolean {
  return by === 'server' && !FLEETING.test(reason) && !OF_ALL.test(reason);
}

const FLEETING = /^(atomic transaction failed|failed to update ref|failed to start transaction)/;
/** The state ref was refused and took the main branch with it, or the server could not store the commits. */
const OF_ALL = /^(atomic push failure|unpacker error|missing necessary objects)/;
