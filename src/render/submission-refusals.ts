import type { Refusal } from '../domain/refusal.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, plural } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { clock } from './format.js';

type SubmissionRefusal = Extract<
  Refusal,
  { reason: 'no-integrator' | 'many-submissions' | 'unknown-submission' | 'submission-closed' | 'not-integrator' }
>;

/** Why results are not handed over, or not taken. */
export function submissionWords(refusal: SubmissionRefusal, now: Instant): { message: string; hint: string } {
  switch (refusal.reason) {
    case 'no-integrator': {
      const { to, candidates } = refusal;
      return {
        message:
          to === null
            ? 'nobody here is an orchestrator, so somebody must be named who shall integrate it'
            : `${to} is a worker, and integrates nothing`,
        hint:
          candidates.length === 0
            ? `let another start as one, in a worktree of its own: ${coord('session start --agent ID --role orchestrator')}`
            : `name one of these with --to: ${candidates.join(', ')}`,
      };
    }
    case 'many-submissions':
      return {
        message: `you have ${plural(refusal.open.length, 'open submission')}, and no more are kept`,
        hint: `wait until some are integrated, or take one back: ${coord(`submit --withdraw ${refusal.open[0]}`)}`,
      };
    case 'unknown-submission':
      return { message: `no such submission: ${oneLine(refusal.submission)}`, hint: coord('integrate') };
    case 'submission-closed': {
      const { id, agent, closed } = refusal.submission;
      const why = closed?.reason ? `: ${oneLine(closed.reason)}` : '';
      const when = closed ? ` at ${clock(closed.at, now)}` : '';
      return {
        message: `${id} of ${agent} was ${closed?.how} by ${closed?.by}${when}${why}; nothing was done`,
        hint: coord('integrate'),
      };
    }
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
