import type { TargetKind } from '../domain/ground/targets.js';
import type { HeldGround, Refusal } from '../domain/refusal.js';
import { command, commandLine, coord, form, shellWord, targetWord } from '../domain/suggestion.js';
import type { SyncReport } from '../domain/sync/sync.js';
import { AS_DATA, fenced, listed, oneLine, plural, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { clock, shortCommit, table } from './format.js';
import { refusalError } from './refusals.js';
import type { Style } from './style.js';

/** A claim that was given back with the work. */
interface LandedClaim {
  readonly target: string;
  readonly kind: TargetKind;
  readonly agent: string;
  readonly token: number;
}

/** What `coord land` did, or would do. */
export interface LandReport {
  /** Whether HEAD is on the main branch by this command, or by an earlier run of it. */
  readonly landed: boolean;
  /** It had landed before this run. */
  readonly already: boolean;
  readonly dryRun: boolean;
  /** The remote that has the claims, or etcd, where the main branch moves in a step of its own; else null. */
  readonly claimsAt: string | null;
  /** HEAD. */
  readonly commit: string;
  /** Where the main branch stood. */
  readonly from: string;
  /** The branch pushed to, such as `origin/main`. */
  readonly to: string;
  readonly commits: number;
  readonly paths: readonly string[];
  readonly released: readonly LandedClaim[];
  /** The tasks that it did. */
  readonly done: readonly { readonly id: string; readonly title: string }[];
}

export function landLines(report: LandReport, style: Style): string[] {
  const commit = shortCommit(report.commit);
  const to = oneLine(report.to);
  if (!report.landed && !report.dryRun) {
    const none = report.released.length === 0 ? '; no claim was released' : '';
    return [`already on ${to}: HEAD ${commit} came there before${none}`, ...endedLines(report, style)];
  }
  const size = `(${plural(report.commits, 'commit')}, ${plural(report.paths.length, 'path')})`;
  const first = report.dryRun
    ? `would land ${commit} on ${to} ${size}`
    : report.already
      ? `${style.good('already landed')} ${commit} on ${to}`
      : `${style.good('landed')} ${commit} on ${to} ${size}`;
  const apart = oneLine(report.claimsAt ?? '');
  const steps = `in two steps: ${oneLine(to)} under the turn to land, then the claims at ${apart}; no push moves both`;
  return [first, ...(report.claimsAt === null ? [] : [steps]), ...endedLines(report, style)];
}

function endedLines(report: LandReport, style: Style): string[] {
  const commit = shortCommit(report.commit);
  const verb = report.dryRun ? 'would release' : style.good('released');
  return [
    ...report.done.map(
      ({ id, title }) => `${report.dryRun ? 'would end' : style.good('done')} ${id} ${oneLine(title)}`,
    ),
    ...report.released.map(
      ({ target }) => `${verb} ${style.target(oneLine(target))} at ${commit} · the next holder must have it`,
    ),
  ];
}

/** What `coord land --to` did, or would do. */
export interface ReviewReport {
  readonly landed: false;
  readonly pushed: boolean;
  readonly dryRun: boolean;
  readonly commit: string;
  /** The branch pushed to, such as `origin/feature`. */
  readonly to: string;
  /** The main branch, such as `origin/main`. */
  readonly upstream: string;
  readonly paths: readonly string[];
  /** Targets of the claims that the work was done under, and that stay held. */
  readonly held: readonly string[];
}

export function reviewLines(report: ReviewReport, style: Style): string[] {
  const verb = report.dryRun ? 'would push' : style.good('pushed');
  const held = report.held.map(oneLine).join(', ');
  return [
    `${verb} ${shortCommit(report.commit)} to ${oneLine(report.to)} for a pull request (${plural(report.paths.length, 'path')})`,
    held === '' ? 'no claim covers it' : `still held until it is merged: ${style.target(held)}`,
    `after the merge: ${coord(`release --merged ${shortCommit(report.commit)}`)}`,
  ];
}

/** A landing that was refused. */
export function landRefused(refusal: Refusal, now: Instant): CoordError {
  const { code, ...details } = refusal;
  if (refusal.reason === 'held') return notYourTurn(refusal, now);
  if (refusal.reason !== 'role') return refusalError(refusal, now);
  return new CoordError(code, 'refused: a worker may not land, nor push for a pull request', {
    hint: `hand the change over instead: ${form('submit PATH --base COMMIT --note "what it is"')}`,
    details,
  });
}

/** Another lands first. */
function notYourTurn(refusal: Extract<Refusal, { code: 'held' }> & HeldGround, now: Instant): CoordError {
  const { code, ...details } = refusal;
  const holder = refusal.conflicts.find(({ waiting }) => !waiting);
  const waiting = refusal.queue.map(({ agent }) => agent);
  const turn = holder ? `it is the turn of ${holder.agent} to land, until ${clock(holder.expiresAt, now)}` : '';
  const queue = waiting.length === 0 ? '' : `${waiting.join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} to land`;
  return new CoordError(code, `refused: ${[turn, queue].filter((part) => part !== '').join('; ')}`, {
    hint: coord('land --wait'),
    details,
  });
}

/** It is this agent's turn, and the main branch has moved: only who has the turn is told to rebase. */
export function rebaseInTurn(behind: CoordError, until: Instant, now: Instant): CoordError {
  const { code, message, details } = behind;
  return new CoordError(
    code,
    `it is your turn to land until ${clock(until, now)}, and nobody else lands meanwhile\n${message}`,
    {
      hint: `${command('git pull --rebase')}, look at your change again, then ${coord('land --wait')}`,
      details: { ...details, turn: { until } },
    },
  );
}

/** The program that stands before the main branch has failed twice. */
export function checkFailed(command: readonly string[], commit: string, exit: number): CoordError {
  const what = oneLine(commandLine(command));
  return new CoordError('closed', `${what} fails on ${shortCommit(commit)} (exit ${exit}, twice): it does not land`, {
    hint: `fix it, commit, then ${coord('land')}`,
    details: { reason: 'check', command, commit, exit },
  });
}

/** Work on the ground of claims that are about to be given back, and that no commit holds. */
export function uncommittedOnGround(unclean: readonly { readonly path: string }[], again: string): CoordError {
  const paths = unclean.map(({ path }) => path);
  const what = `uncommitted: the claimed paths have ${plural(paths.length, 'change')} that no commit holds`;
  return new CoordError('behind', [what, ...listed(paths, oneLine)].join('\n'), {
    hint: `commit them, or stash them (${command('git stash --include-untracked')}); then ${again}`,
    details: { reason: 'uncommitted', paths },
  });
}

export interface ReleasedByReport {
  readonly commit: string;
  /** The main branch, such as `origin/main`. */
  readonly upstream: string;
  /** `contained`: the commit itself is on it; `same-content`: what it changed is, as after a squash or a rebase. */
  readonly how: 'contained' | 'same-content' | null;
  readonly released: readonly LandedClaim[];
  /** Claims that stay, and why. */
  readonly kept: readonly { readonly target: string; readonly why: 'not-merged' | 'later-work' }[];
  readonly done: LandReport['done'];
}

export function releasedByLines({ commit, upstream, released, kept, done }: ReleasedByReport, style: Style): string[] {
  const name = shortCommit(commit);
  if (released.length === 0 && kept.length === 0)
    return [
      `none of your claims covers the work of ${name}; to give one back anyway, name it: ${form('release TARGET')}`,
    ];
  return [
    ...done.map(({ id, title }) => `${style.good('done')} ${id} ${oneLine(title)}`),
    ...released.map(
      ({ target }) => `${style.good('released')} ${style.target(oneLine(target))}: ${name} is on ${oneLine(upstream)}`,
    ),
    ...kept.map(
      ({ target, why }) =>
        `kept ${oneLine(target)}: ${why === 'later-work' ? 'HEAD has later work on it' : `not on ${oneLine(upstream)} as it is in ${name}`}`,
    ),
  ];
}

/** The pull request is not merged, as far as the main branch shows. */
export function notMerged(report: ReleasedByReport, paths: readonly string[]): CoordError {
  const { commit, upstream } = report;
  const what = `not merged: ${shortCommit(commit)} is not on ${oneLine(upstream)}, where these differ:`;
  return new CoordError('behind', [what, ...listed(paths, oneLine)].join('\n'), {
    hint: `repeat after the merge; if the review changed it, release it yourself: ${coord(
      `release ${report.kept.map(({ target }) => targetWord(target)).join(' ')} --commit ${shellWord(upstream)}`,
    )}`,
    details: { reason: 'not-merged', paths, ...report },
  });
}

interface Goal {
  readonly remote: string;
  /** Short name of the branch that was to be moved. */
  readonly branch: string;
}

/** The user's own hook refused. */
export function hookRefused(said: readonly string[]): CoordError {
  return new CoordError('closed', ['your pre-push hook refused; nothing was moved', ...quoted(said)].join('\n'), {
    hint: 'fix what the hook names, then repeat',
    details: { reason: 'pre-push', said },
  });
}

/** The server lets nobody, or not this agent, push to the branch. */
export function protectedBranch(reason: string, said: readonly string[], { remote, branch }: Goal): CoordError {
  const what = `closed: ${oneLine(remote)} does not take a push to ${oneLine(branch)}: ${oneLine(reason)}`;
  return new CoordError('closed', [what, ...quoted(said), STILL_HELD].join('\n'), {
    hint: `use a pull request: push a branch (${form('land --to BRANCH')}), open one from it, and after its merge: ${form('release --merged COMMIT')}`,
    details: { reason: 'protected', branch, said },
  });
}

const STILL_HELD = 'nothing was moved; your claims are still held';

/** The server cannot move the two branches together. */
export function notAtomic({ remote, branch }: Goal): CoordError {
  const what = `${oneLine(remote)} cannot move ${oneLine(branch)} and the claims together: it does not support git push --atomic`;
  return new CoordError('unavailable', `${what}\n${STILL_HELD}`, {
    hint: `use a pull request: push a branch (${form('land --to BRANCH')}), open one from it, and after its merge: ${form('release --merged COMMIT')}`,
    details: { reason: 'no-atomic' },
  });
}

/** Why a remote takes no push, and what to do about it. */
interface Trouble {
  readonly kind: string;
  readonly todo: string;
  readonly code: 'unavailable' | 'closed';
}

/** The push did not get as far as a refusal of the branch. */
export function notPushed(trouble: Trouble, reason: string, said: readonly string[], { remote }: Goal): CoordError {
  const what = `${oneLine(remote)} did not accept the push: ${oneLine(reason)}`;
  return new CoordError(trouble.code, `${what}\n${STILL_HELD}`, {
    hint: `${trouble.todo}; the same command then finds out what happened to this one`,
    details: { reason: 'not-pushed', trouble: trouble.kind, said },
  });
}

/** The remote has taken the release, and does not say whether it has taken the work. */
export function unclear({ remote, branch }: Goal): CoordError {
  return new CoordError('unavailable', `your claims were released, but ${remote} does not say where ${branch} stands`, {
    hint: 'repeat the command: it finds out whether your work has landed',
    details: { reason: 'unclear' },
  });
}

/** The remote has taken the release without the work, although it said that it would not. */
export function notTogether({ remote, branch }: Goal): CoordError {
  const what = `${oneLine(remote)} released your claims without moving ${oneLine(branch)}: it ignores git push --atomic`;
  return new CoordError('fault', what, {
    hint: `your work has not landed: claim again, use a pull request (${form('land --to BRANCH')}), and report this to whoever runs the server`,
    details: { reason: 'not-together' },
  });
}

/** The main branch was pushed, without an answer; the claims are in another repository, and still held. */
export function unknownMove({ remote, branch }: Goal): CoordError {
  return new CoordError(
    'unavailable',
    `unknown whether ${oneLine(remote)} has moved ${oneLine(branch)}: it gave no answer`,
    {
      hint: 'repeat the command: it finds out whether your work has landed; your claims, and the turn to land, are still held',
      details: { reason: 'unclear' },
    },
  );
}

/** A branch was pushed for a pull request, without an answer. */
export function unknownPush({ remote, branch }: Goal, reason: string): CoordError {
  const message = `unknown whether ${oneLine(remote)} has ${oneLine(branch)}: the push got no answer (${oneLine(reason)})`;
  return new CoordError('unavailable', message, {
    hint: 'repeat the command: it finds out, and has no second effect',
    details: { reason: 'unknown-outcome' },
  });
}

/** The first of two steps is made, and the second could not be. */
export function movedAlone({ remote, branch }: Goal, why: CoordError): CoordError {
  const what = `${oneLine(remote)}/${oneLine(branch)} has your work, but that is not recorded yet, and your claims are still held`;
  return new CoordError(why.code, `${what}: ${why.message}`, {
    hint: `repeat the command: it records the landing${why.hint === undefined ? '' : `; ${why.hint}`}`,
    details: { ...why.details, step: 2 },
    cause: why,
  });
}

/** Between the two steps the claims were lost. */
export function lostBetween({ remote, branch }: Goal, why: CoordError): CoordError {
  const what = `${oneLine(remote)}/${oneLine(branch)} has your work, but your claims were lost between the two steps`;
  return new CoordError('lost', `${what}\n${why.message}`, {
    hint: `check with whoever holds them now that your work fits theirs: ${coord('status')}`,
    details: { ...why.details, step: 2 },
    cause: why,
  });
}

/** What a server or a hook wrote: each line behind a mark that it cannot forge. */
function quoted(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`its words (${AS_DATA}):`, ...fenced(lines.slice(-10).join('\n'))];
}

/** `in sync: HEAD 9b1d0e4 contains all of origin/main (51c77aa), and 2 commits of its own`. */
export function inSyncLine(report: SyncReport, style: Style): string {
  const upstream = `${oneLine(report.upstream ?? '')} (${shortCommit(report.upstreamCommit ?? '')})`;
  const own = report.ahead ? `, and ${plural(report.ahead, 'commit')} of its own` : '';
  return `${style.good('in sync:')} HEAD ${shortCommit(report.head ?? '')} contains all of ${upstream}${own}`;
}

const WIDEST_SUBJECT = 72;

/** The newest commits that HEAD lacks: id, author, subject. */
export function missingLines(report: Pick<SyncReport, 'missing' | 'behind'>): string[] {
  const rows = report.missing.map(({ commit, author, subject }) => [
    shortCommit(commit),
    oneLine(author),
    shorten(oneLine(subject), WIDEST_SUBJECT),
  ]);
  const rest = (report.behind ?? 0) - rows.length;
  return [...table(rows).map((line) => `  ${line}`), ...(rest > 0 ? [`  and ${plural(rest, 'older commit')}`] : [])];
}
