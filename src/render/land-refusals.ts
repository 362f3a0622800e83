import { groundToClaim } from '../domain/claims/land.js';
import type { Submission } from '../domain/model.js';
import type { Refusal, UnclaimedPath } from '../domain/refusal.js';
import { command, coord, targetWords } from '../domain/suggestion.js';
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
      return `your claim was not confirmed by the remote${at}; ${heldNow}`;
  }
}

/**
 * The next step for paths that are not covered, so that they can be committed or landed. A claim on ground that others
 * worked on since is refused until HEAD has their work, so it is safe to name it here.
 */
export function nextStep(
  paths: readonly UnclaimedPath[],
  then: 'commit' | 'push' | 'land' | 'integrate',
  after: string | null = then === 'land' ? coord('land') : null,
): string {
  const session = paths.find(({ why }) => why === 'other-session')?.holder?.session;
  if (session !== undefined)
    return `${then} from that session (COORD_SESSION=${session}), or let that session release it`;
  const ground = groundToClaim(paths.map(({ path }) => path));
  const held = paths.some(({ holder, why }) => holder !== null && why !== 'shared');
  const words = targetWords(ground.map((text) => ({ kind: 'path', text })));
  const claim = coord(`claim ${words}${held ? ' --wait' : ''}`);
  const line = after === null ? claim : command(`${claim} && ${after}`);
  return held ? `wait your turn, then look at your change again: ${line}` : line;
}

type SubmissionRefusal = Extract<
  Refusal,
  { reason: 'no-integrator' | 'many-submissions' | 'unknown-submission' | 'submission-closed' | 'not-integrator' }
>;

/** Why results are not handed over, or not taken. */
export function submissionMessage(refusal: SubmissionRefusal, now: Instant): Message {
  switch (refusal.reason) {
    case 'no-integrator': {
      const { to, candidates } = refusal;
      return {
        message:
          to === null
            ? 'there is no orchestrator here, so name the agent who will integrate it'
            : `${to} is a worker, and cannot integrate`,
        hint:
          candidates.length === 0
            ? `let another start as one, in a worktree of its own: ${coord('session start --agent lead --role orchestrator')}`
            : `name one of these with --to: ${candidates.join(', ')}`,
      };
    }
    case 'many-submissions':
      return {
        message: `you have ${plural(refusal.open.length, 'open submission')}, the most that are kept`,
        hint: `wait until some are integrated, or take one back: ${coord(`submit --take-back ${refusal.open[0]}`)}`,
      };
    case 'unknown-submission':
      return { message: `no such submission: ${oneLine(refusal.submission)}`, hint: coord('integrate') };
    case 'submission-closed':
      return closedMessage(refusal.submission, now);
    case 'not-integrator': {
      const { role, submission, orchestrators } = refusal;
      const whom = submission.to ?? orchestrators[0];
      return {
        message:
          role === 'worker'
            ? 'refused: a worker may not integrate what was submitted'
            : `refused: ${submission.id} of ${submission.agent} is for ${submission.to ?? 'an orchestrator'} to integrate`,
        hint:
          whom === undefined
            ? 'ask an orchestrator or a person'
            : `ask ${whom}: ${coord(`note "please integrate ${submission.id}" --to ${whom}`)}`,
      };
    }
  }
}

/** It has ended, or another has applied it and is about to land it. */
function closedMessage({ id, agent, closed, integrated }: Submission, now: Instant): Message {
  const ended = closed ?? { how: 'integrated', by: integrated?.by ?? agent, at: integrated?.at ?? now, reason: null };
  const why = ended.reason === null ? '' : `: ${oneLine(ended.reason)}`;
  return {
    message: `${id} of ${agent} was ${ended.how} by ${ended.by} at ${clock(ended.at, now)}${why}; nothing was done`,
    hint: closed ? coord('integrate') : `${ended.by} lands it, or declines it; see ${coord('integrate')}`,
  };
}
