import type { Submission } from '../domain/model.js';
import type { Refusal } from '../domain/refusal.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, plural } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import type { Message } from '../errors.js';
import { clock } from './format.js';

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
            : `${to} is a worker, and integrates nothing`,
        hint:
          candidates.length === 0
            ? `let another start as one, in a worktree of its own: ${coord('session start --agent ID --role orchestrator')}`
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
            ? 'refused: a worker may not integrate; every durable change goes through one point of decision'
            : `refused: ${submission.id} of ${submission.agent} is for ${submission.to ?? 'an orchestrator'} to integrate`,
        hint: whom === undefined ? 'ask an orchestrator or a person' : `ask ${whom}: ${coord(`note "…" --to ${whom}`)}`,
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
