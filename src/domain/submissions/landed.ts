import type { EventDraft } from '../events.js';
import type { State, Submission } from '../model.js';
import type { Task } from '../tasks/task.js';
import type { Instant } from '../time.js';

/** The submissions that this agent has integrated, and whose work is in what lands: all that they changed there is. */
export function submissionsIn(state: State, agent: string, covers: (path: string) => boolean): readonly Submission[] {
  return state.submissions.filter(
    ({ closed, integrated }) => closed === null && integrated?.by === agent && integrated.paths.every(covers),
  );
}

/** The tasks whose result these submissions are. */
export function tasksOfSubmissions({ tasks }: State, submissions: readonly Submission[]): readonly Task[] {
  const ids = new Set(submissions.map(({ id }) => id));
  return tasks.tasks.filter(
    ({ state, submission }) => state === 'submitted' && submission !== null && ids.has(submission),
  );
}

/** Ends submissions as landed: only now need nobody apply them again. */
export function endSubmissions(
  state: State,
  submissions: readonly Submission[],
  by: string,
  now: Instant,
): { readonly state: State; readonly events: readonly EventDraft[] } {
  if (submissions.length === 0) return { state, events: [] };
  const closed = { how: 'landed' as const, by, at: now, reason: null };
  return {
    state: {
      ...state,
      submissions: state.submissions.map((one) => (submissions.includes(one) ? { ...one, closed } : one)),
    },
    events: submissions.map(({ id, agent: author }): EventDraft => {
      return { type: 'work.done', at: now, agent: by, session: null, submission: id, author };
    }),
  };
}
