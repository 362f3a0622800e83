import { groundToClaim } from '../domain/claims/land.js';
import type { UnclaimedPath } from '../domain/refusal.js';
import { coord, targetWords } from '../domain/suggestion.js';
import { listed, oneLine, plural, said } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import type { Message } from '../errors.js';
import { clock } from './format.js';

/** Changed paths that no claim of this agent covers: who holds each, and what to run. */
export function unclaimedMessage(paths: readonly UnclaimedPath[], now: Instant): Message {
  const subject = `${plural(paths.length, 'changed path')} ${paths.length === 1 ? 'is' : 'are'}`;
  return {
    message: [`not landed: ${subject} not under an exclusive claim that you hold`, ...unclaimedLines(paths, now)].join(
      '\n',
    ),
    hint: nextStep(paths, 'land'),
  };
}

/** A line a path, why it may not be changed; of many, the first ones. */
export function unclaimedLines(paths: readonly UnclaimedPath[], now: Instant): string[] {
  return listed(paths, (one) => `${oneLine(one.path)}: ${whyUnclaimed(one, now)}`);
}

function whyUnclaimed({ why, holder, loss }: UnclaimedPath, now: Instant): string {
  const until = holder ? `until ${clock(holder.expiresAt, now)}` : '';
  const heldNow = holder ? `held by ${holder.agent} ${until} (${oneLine(holder.target)})` : 'nobody holds it now';
  const at = loss ? ` at ${clock(loss.at, now)}` : '';
  const because = loss?.reason ? `, ${said(loss.reason)}` : '';
  switch (why) {
    case 'held-by-other':
      return heldNow;
    case 'not-held':
      return 'nobody holds it';
    case 'shared':
      return `you hold ${oneLine(holder?.target ?? '')} only to read (shared)`;
    case 'other-session':
      return `held by your other session (${holder?.session}) ${until}`;
    case 'expired':
      return `your claim expired${at}; ${heldNow}`;
    case 'taken-over':
      return `your claim was taken over by ${loss?.by ?? 'another'}${at}${because}; ${heldNow}`;
    case 'revoked':
      return `your claim was revoked by ${loss?.by ?? 'another'}${at}${because}; ${heldNow}`;
    case 'handed-over':
      return `you handed it over to ${loss?.by ?? 'another'}${at}; ${heldNow}`;
    case 'unconfirmed':
      return `your offline claim was not confirmed by the remote${at}; ${heldNow}`;
  }
}

/**
 * The next step for paths that are not covered, so that they can be committed or landed. A claim on ground that others
 * worked on since is refused until HEAD has their work, so it is safe to name it here.
 */
export function nextStep(
  paths: readonly UnclaimedPath[],
  then: 'commit' | 'push' | 'land' | 'integrate',
  command: string | null = then === 'land' ? coord('land') : null,
): string {
  const session = paths.find(({ why }) => why === 'other-session')?.holder?.session;
  if (session !== undefined) return `${then} from that session (COORD_SESSION=${session}), or let it release`;
  const ground = groundToClaim(paths.map(({ path }) => path));
  const claim = coord(`claim ${targetWords(ground.map((text) => ({ kind: 'path', text })))}`);
  const again = command === null ? '' : ` && ${command}`;
  const held = paths.some(({ holder, why }) => holder !== null && why !== 'shared');
  return held ? `wait your turn, then look at your change again: ${claim} --wait${again}` : `${claim}${again}`;
}
