import type { Claim } from '../domain/model.js';
import { oneLine } from '../domain/text.js';

type Named = Pick<Claim, 'target'>;

/** Said when something was granted without the remote. */
export function offlineWarning(remote: string, claims: readonly Named[]): string {
  const what = claims.length === 0 ? 'this is' : `${targetsOf(claims)}: the claim is`;
  return `offline: ${what} known on this host only; the next command that reaches ${remote} confirms it or reports it lost`;
}

/** Said by every command of the holder as long as it is so. */
export function offlineNotice(remote: string, claims: readonly Named[]): string {
  return `your claim on ${targetsOf(claims)} is offline, known on this host only: another clone may hold the same until ${remote} confirms it`;
}

export function confirmedNotice(remote: string, { target, token }: Pick<Claim, 'target' | 'token'>): string {
  return `${remote} confirmed your offline claim on ${oneLine(target)}: token ${token}, reach remote`;
}

/** A line of status. */
export function offlineLine({ target, agent }: Pick<Claim, 'target' | 'agent'>): string {
  return `offline: ${oneLine(target)} by ${agent} is known on this host only, until the remote confirms it`;
}

function targetsOf(claims: readonly Named[]): string {
  return claims.map(({ target }) => oneLine(target)).join(', ');
}
