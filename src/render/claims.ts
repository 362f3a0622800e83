import type { Claim } from '../domain/model.js';
import { oneLine } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
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

export function releasedLines(released: readonly Claim[], commit: string | null, style: Style): string[] {
  if (released.length === 0) return ['you hold no claims'];
  return released.map((claim) => {
    const name = `${style.good('released')} ${style.target(oneLine(claim.target))}`;
    if (commit === null) return name;
    const binds = claim.mode === 'exclusive' && claim.kind !== 'resource' && claim.base !== commit;
    return `${name} at ${shortCommit(commit)}${binds ? ' · the next holder must have it' : ''}`;
  });
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

export function confirmedNoteNotice(remote: string, was: string, id: string): string {
  return `${remote} has your offline note ${was}: its id is ${id}`;
}

/** A line of status. */
export function offlineLine({ target, agent }: Pick<Claim, 'target' | 'agent'>): string {
  return `offline: ${oneLine(target)} by ${agent} is known in this clone only, until the remote confirms it`;
}

function targetsOf(claims: readonly Named[]): string {
  return claims.map(({ target }) => oneLine(target)).join(', ');
}
