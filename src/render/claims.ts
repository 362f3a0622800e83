import type { Claim } from '../domain/model.js';
import { oneLine } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { asWritten } from './command-words.js';
import { clock, shortCommit } from './format.js';
import type { Style } from './style.js';

/** `claimed src/api/** until 14:32 (30m) · token 412 · reach remote`, a line a claim. */
export function claimedLines(
  claims: readonly Claim[],
  now: Instant,
  style: Style,
  verb: 'claimed' | 'renewed' | 'accepted' = 'claimed',
): string[] {
  return claims.map((claim) => {
    const left = formatDuration(secondsBetween(now, claim.expiresAt));
    const shared = claim.mode === 'shared' ? ' · shared' : '';
    return `${style.good(verb)} ${style.target(asWritten(oneLine(claim.target)))} until ${clock(claim.expiresAt, now)} (${left})${shared} · token ${claim.token} · reach ${claim.reach}`;
  });
}

export function releasedLines(released: readonly Claim[], commit: string | null, style: Style): string[] {
  if (released.length === 0) return ['you hold no claims'];
  return released.map((claim) => {
    const name = `${style.good('released')} ${style.target(asWritten(oneLine(claim.target)))}`;
    if (commit === null) return name;
    const binds = claim.mode === 'exclusive' && claim.kind !== 'resource' && claim.base !== commit;
    return `${name} at ${shortCommit(commit)}${binds ? ' · the next holder must have it' : ''}`;
  });
}
