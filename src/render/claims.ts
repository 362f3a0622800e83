import type { Target } from '../domain/ground/targets.js';
import type { Claim, Once, Waiter } from '../domain/model.js';
import type { Conflict, WaitEdge } from '../domain/refusal.js';
import { command, coord, shellWord, targetWord, targetWords } from '../domain/suggestion.js';
import { listed, named, oneLine, plural } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError, type Message } from '../errors.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

/** How far a claim is known to hold. */
const WHERE = { clone: 'this clone', remote: 'all clones' } as const;

/** `claimed src/api/** until 14:32 (30m) · token 412 · valid in all clones`, a line a claim. */
export function claimedLines(
  claims: readonly Claim[],
  now: Instant,
  style: Style,
  verb: 'claimed' | 'renewed' | 'accepted' = 'claimed',
): string[] {
  return claims.map((claim) => {
    const left = formatDuration(secondsBetween(now, claim.expiresAt));
    const shared = claim.mode === 'shared' ? ' · shared' : '';
    return `${style.good(verb)} ${style.target(oneLine(claim.target))} until ${clock(claim.expiresAt, now)} (${left})${shared} · token ${claim.token} · valid in ${WHERE[claim.reach]}`;
  });
}

/** @param bound ids of the claims whose work the next holder must have */
export function releasedLines(
  released: readonly Claim[],
  commit: string | null,
  style: Style,
  bound: readonly string[] = [],
): string[] {
  if (released.length === 0) return ['you hold no claims'];
  return released.map((claim) => {
    const name = `${style.good('released')} ${style.target(oneLine(claim.target))}`;
    if (commit === null) return name;
    return `${name} at ${shortCommit(commit)}${bound.includes(claim.id) ? ' · the next holder must have it' : ''}`;
  });
}

/** Where something stands that nobody waits for. @param remote that has not heard of it; null: none has to */
export function waitsText(remote: string | null): string {
  return remote === null ? '' : ` · in this clone; ${oneLine(remote)} learns of it with your next write`;
}

type Named = Pick<Claim, 'target'>;

/** Said when something was granted without the remote. */
export function offlineWarning(remote: string, claims: readonly Named[]): string {
  const what = claims.length === 0 ? 'this is' : `${targetsOf(claims)}: the claim is`;
  return `offline: ${what} known in this clone only; the next command that reaches ${remote} confirms it or reports it lost`;
}

/** Said by every command of the holder as long as it is so. */
export function offlineNotice(remote: string, claims: readonly Named[]): string {
  return `your claim on ${targetsOf(claims)} is offline, known in this clone only: another clone may hold the same until ${remote} confirms it`;
}

export function confirmedNotice(remote: string, { target, token }: Pick<Claim, 'target' | 'token'>): string {
  return `${remote} confirmed your offline claim on ${oneLine(target)}: token ${token}, valid in all clones`;
}

export function namedNotice(
  remote: string,
  { what, was, id }: { readonly what: string; readonly was: string; readonly id: string },
): string {
  return `${remote} has your offline ${what} ${was}: its id is ${id}`;
}

/** A line of status. */
export function offlineLine({ target, agent }: Pick<Claim, 'target' | 'agent'>): string {
  return `offline: ${oneLine(target)} by ${agent} is known in this clone only, until the remote confirms it`;
}

function targetsOf(claims: readonly Named[]): string {
  return claims.map(({ target }) => oneLine(target)).join(', ');
}

/** The words of a wait that would never end. */
export function deadlockMessage(cycle: readonly WaitEdge[]): Message {
  const steps = cycle.map(
    ({ agent, waitsFor, heldBy }) => `${agent} waits for ${oneLine(waitsFor)}, held by ${heldBy}`,
  );
  return {
    message: `deadlock: this wait would never end\n${steps.map((step) => `  ${step}`).join('\n')}`,
    hint: `release what the others wait for (${coord('status --mine')}), then claim again; or claim other paths`,
  };
}

/** The words of a claim out of the agreed order. */
export function orderMessage(asked: string, held: string): Message {
  return {
    message: `refused: ${oneLine(asked)} sorts before ${oneLine(held)}, which you hold; this project claims in ascending order`,
    hint: `${coord(`release ${targetWord(held)}`)}, then claim both in one command`,
  };
}

/** What a waiting agent is told when its wait begins. */
export function waitingLine(ticket: Waiter, conflicts: readonly Conflict[], now: Instant): string {
  const targets = ticket.targets.map(({ text }) => oneLine(text)).join(' ');
  const holders = conflicts.map(({ agent, heldTarget, expiresAt }) => {
    const left = secondsBetween(now, expiresAt);
    return `${oneLine(heldTarget)} (${agent}${left > 0 ? `, for ${formatDuration(left)} more` : ''})`;
  });
  return `waiting for ${targets}: ${[...new Set(holders)].join(', ')}`;
}

const MOST_NAMED = 3;

/**
 * A wait that is suspected to be a deadlock, as both sides are told of it.
 * @param reader who reads it: the one who waits, or one who is in its way
 */
export function suspectedLine(
  { agent, targets, since }: Pick<Waiter, 'agent' | 'targets' | 'since'>,
  holders: readonly string[],
  reader: string,
  now: Instant,
): string {
  const waited = formatDuration(Math.floor(secondsBetween(since, now)));
  const what = `${oneLine(agent)} has waited ${waited} for ${named(
    targets.map(({ text }) => text),
    MOST_NAMED,
  )}`;
  const names = named([...new Set(holders)], MOST_NAMED);
  const next =
    reader === agent
      ? `ask: ${coord(`note "how long?" ${holders.map((id) => `--needs-ack ${shellWord(id)}`).join(' ')}`)}, or pick other paths`
      : `${coord('release --all')} as soon as you can, or say how long: ${coord(`note "still at it" --to ${shellWord(agent)}`)}`;
  return `deadlock suspected: ${what}, far longer than expected of ${names}: ${next}`;
}

/** A wait that was given up. @param again the command that waits again */
export function gaveUpError(
  why: 'timeout' | 'interrupted',
  waitedSeconds: number,
  again: string,
  targets: readonly Target[],
  conflicts: readonly Conflict[],
): CoordError {
  const names = targets.map(({ text }) => oneLine(text)).join(' ');
  const message =
    why === 'timeout'
      ? `waited ${formatDuration(Math.floor(waitedSeconds))} for ${names}, and gave up`
      : `stopped waiting for ${names} after ${formatDuration(Math.floor(waitedSeconds))}`;
  return new CoordError('timeout', message, {
    hint: again,
    alternative: { why: 'work on other paths, and look again later', command: coord(`status ${targetWords(targets)}`) },
    details: { reason: why, waitedSeconds, conflicts },
  });
}

/** The words for a run that ended without a word: it may have done its work, or part of it, or nothing. */
export function unknownOutcomeMessage(once: Once, now: Instant): Message {
  return {
    message: `unknown: ${oneLine(once.key)} was started by ${once.agent} at ${clock(once.startedAt, now)} and never reported its outcome (${oneLine(once.command)})`,
    hint: `look at what it did; then repeat the command with --retry, or start over: ${coord(`once ${shellWord(once.key)} --forget`)}`,
  };
}

/** Says that the result is an earlier run's. */
export function repeatedLine(once: Once, now: Instant): string {
  return `${oneLine(once.key)} ran already: by ${once.agent} at ${clock(once.finishedAt ?? once.startedAt, now)}`;
}

const MOST_LISTED = 5;

/** A path with work that no commit holds; `where` is another worktree or a stash, null: here. */
interface UncommittedPath {
  readonly path: string;
  readonly where: string | null;
}

/** A release that would leave work in no commit. */
export function uncommittedError(
  unclean: readonly UncommittedPath[],
  hint = `commit them (${command('git status')} lists them), then repeat; or release all the same, on the record: --uncommitted`,
): CoordError {
  const line = ({ path, where }: UncommittedPath) =>
    `${oneLine(path)}${where === null ? '' : ` (in ${oneLine(where)})`}`;
  return new CoordError(
    'behind',
    [
      `uncommitted: these paths have ${plural(unclean.length, 'change')} that no commit holds`,
      ...listed(unclean, line, MOST_LISTED),
    ].join('\n'),
    { hint, details: { reason: 'uncommitted', paths: [...new Set(unclean.map(({ path }) => path))], places: unclean } },
  );
}

/** A release at a HEAD that lacks what was done under the claim in another worktree. */
export function elsewhereError(
  work: readonly { readonly claim: { readonly target: string }; readonly root: string; readonly commit: string }[],
): CoordError {
  const lines = work.map(
    ({ claim, root, commit }) =>
      `the work on ${oneLine(claim.target)} is at ${shortCommit(commit)} in ${oneLine(root)}, and HEAD here lacks it`,
  );
  const [first] = work;
  const targets = work.filter(({ commit }) => commit === first?.commit).map(({ claim }) => claim.target);
  const { root = '', commit = '' } = first ?? {};
  const words = targetWords([...new Set(targets)]);
  return new CoordError('behind', lines.join('\n'), {
    hint: coord(`release ${words} --commit ${shortCommit(commit)}`),
    alternative: {
      why: 'release it where it was done',
      command: `cd ${shellWord(root)} && ${coord(`release ${words}`)}`,
    },
    details: { reason: 'elsewhere', work: work.map(({ claim, ...rest }) => ({ target: claim.target, ...rest })) },
  });
}
