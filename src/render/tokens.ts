import type { Claim } from '../domain/model.js';
import { oneLine } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { targetWord } from './command-words.js';
import { clock } from './format.js';
import type { Style } from './style.js';

export interface TokenReport {
  readonly target: string;
  readonly token: number;
  readonly valid: boolean;
  readonly current: Claim | null;
}

export function validTokenLine({ token, current }: TokenReport, now: Instant, style: Style): string {
  if (!current) return '';
  return `${style.good('valid')}: token ${token} is of ${current.agent}, who holds ${oneLine(current.target)} until ${clock(current.expiresAt, now)}`;
}

/** A token that no longer holds: whoever comes with it must not write. */
export function staleToken(report: TokenReport, now: Instant): CoordError {
  const { target, token, current } = report;
  return new CoordError('lost', `stale: ${whyStale(oneLine(target), token, current, now)}`, {
    hint: `do not write; whoever has this token claims again first: coord claim ${targetWord(target)}`,
    details: { ...report },
  });
}

function whyStale(target: string, token: number, current: Claim | null, now: Instant): string {
  if (current === null) return `nobody holds ${target} now; token ${token} was released or lost, or never given out`;
  const left = secondsBetween(now, current.expiresAt);
  const since = left > 0 ? '' : `, expired ${formatDuration(-left)} ago`;
  if (current.token === token)
    return `the claim of ${current.agent} on ${oneLine(current.target)} with token ${token} is over${since}`;
  return `${oneLine(current.target)} is held by ${current.agent} with token ${current.token}${since}, not ${token}`;
}
