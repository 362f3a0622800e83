import { findAgent } from '../agents/agents.js';
import type { EventDraft } from '../events.js';
import { newNoteId } from '../log/notes.js';
import type { State, Submission, SubmittedFile } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { keepLate } from '../tasks/finish.js';
import { releaseGround } from '../tasks/ground.js';
import { NO_TASK } from '../tasks/landed.js';
import { unknownTask } from '../tasks/plan.js';
import { settleTasks, tasksOf } from '../tasks/standing.js';
import { findTask, type Task, withTask } from '../tasks/task.js';
import { plural } from '../text.js';
import type { Instant } from '../time.js';
import { addNote, integrators, kept } from './submissions.js';

/** How many submissions of one agent may be open. */
const MOST_OPEN = 20;

/** Hands changes over to another agent, who integrates them under its own claims. */
export interface SubmitRequest extends RequestBase {
  readonly kind: 'submit';
  /** null: any orchestrator. */
  readonly to: string | null;
  readonly text: string;
  /** HEAD of the worktree. */
  readonly commit: string | null;
  readonly files: readonly SubmittedFile[];
  /** The task whose result it is, or `none`; null: the one that the agent has. */
  readonly task: string | null;
}

export interface SubmitResult {
  readonly submission: Submission;
  /** The task whose result it is, as it stands now; null: none. */
  readonly task: Task | null;
  /** The task is another's by now: the result is kept for review, and its task goes on. */
  readonly late: boolean;
  /** False for the very same submission again. */
  readonly added: boolean;
}

/**
 * Hands results over. A note in the log tells who should integrate them, and refers by id; nothing is decided by the note.
 * The very same submission again, while it is open, adds nothing.
 */
function decideSubmit(before: State, request: SubmitRequest, now: Instant): Outcome<SubmitResult> {
  const settled = settleTasks(before, now);
  const { state } = settled;
  const { agent, session, to, text, commit, files } = request;
  const summary = `submit ${plural(files.length, 'file')} by ${agent} to ${to ?? 'any orchestrator'}`;
  const mine = state.submissions.filter((one) => one.closed === null && one.agent === agent);
  const same = mine.find((one) => one.to === to && one.text === text && sameFiles(one, request));
  if (same) {
    const task = same.task === null ? null : (findTask(state.tasks, same.task) ?? null);
    return {
      ok: true,
      state: before,
      events: [],
      result: { submission: same, task, late: false, added: false },
      summary,
    };
  }
  const task = resultOf(state, request, now);
  if (task !== null && 'code' in task) return { ok: false, refusal: task };
  const refusal = noReceiver(state, agent, to) ?? tooMany(mine.filter(({ integrated }) => integrated === null));
  if (refusal) return { ok: false, refusal };
  const id = newNoteId(state);
  const open = { task: task?.id ?? null, integrated: null, closed: null };
  const submission: Submission = { id, agent, session, at: now, to, text, commit, files, ...open };
  const receivers = to === null ? integrators(state, agent) : [to];
  const ofTask = task === null ? '' : `${task.id}: `;
  const told = `${ofTask}${text} · ${plural(files.length, 'file')}: coord integrate ${id}`;
  const noted = addNote(state, { id, at: now, agent, session, kind: 'handoff', text: told, to: receivers, ref: null });
  const submitted = { type: 'work.submitted', at: now, agent, session, submission: id, to, commit } as const;
  const handed = handIn(noted.state, task, submission, request, now);
  return {
    ok: true,
    state: { ...handed.state, submissions: kept([...state.submissions, submission], now) },
    events: [...settled.events, { ...submitted, paths: files.length }, ...noted.events, ...handed.events],
    result: { submission, task: handed.task, late: handed.late, added: true },
    summary,
  };
}

/** The task whose result is handed in; null: none. */
function resultOf(state: State, request: SubmitRequest, now: Instant): Task | Refusal | null {
  const { agent, task: id } = request;
  if (id === NO_TASK) return null;
  const mine = tasksOf(state, request, now);
  const had = (task: Task) => task.tries.some((one) => one.agent === agent) || task.agent === agent;
  if (id !== null) {
    const task = findTask(state.tasks, id);
    if (!task) return unknownTask(state.tasks, id);
    return mine.includes(task) || had(task) ? task : { code: 'lost', reason: 'not-your-task', task };
  }
  if (mine.length > 1) return { code: 'usage', reason: 'which-task', tasks: mine };
  // Whose lease ran out while it worked hands in the same task all the same.
  const lapsed = state.tasks.tasks.filter((task) => {
    const last = task.tries.at(-1);
    return (task.state === 'open' || task.state === 'taken') && last?.agent === agent && last.how === 'expired';
  });
  return mine[0] ?? (lapsed.length === 1 ? (lapsed[0] ?? null) : null);
}

/** The task submitted, and its ground free for who integrates it; or the result kept, where another has the task by now. */
function handIn(state: State, task: Task | null, submission: Submission, request: SubmitRequest, now: Instant) {
  if (task === null) return { state, events: [], task, late: false };
  const { agent, session, commit, text } = request;
  if (task.state !== 'open' && !tasksOf(state, request, now).includes(task)) {
    return {
      ...keepLate(state, task, { agent, at: now, text, commit, submission: submission.id }, session),
      late: true,
    };
  }
  // Nothing is committed by it: there is no work that the next holder must have.
  const work = { commit: null, commitNamed: false, changes: null, uncommitted: false };
  const freed = releaseGround(state, task.id, request, work, now);
  const handed: Task = {
    ...task,
    state: 'submitted',
    agent,
    since: now,
    submission: submission.id,
    commit,
    result: text,
  };
  const event: EventDraft = {
    type: 'task.submitted',
    at: now,
    agent,
    session,
    task: task.id,
    submission: submission.id,
  };
  return {
    state: { ...freed.state, tasks: withTask(freed.state.tasks, handed) },
    events: [...freed.events, event],
    task: handed,
    late: false,
  };
}

function noReceiver(state: State, agent: string, to: string | null): Refusal | null {
  const known = state.agents.filter(({ id, role, killed }) => id !== agent && role !== 'worker' && !killed);
  const ids = known.map(({ id }) => id);
  if (to === null) {
    return integrators(state, agent).length > 0
      ? null
      : { code: 'usage', reason: 'no-integrator', to: null, candidates: ids };
  }
  if (to === agent) return { code: 'usage', reason: 'oneself', agent: to, known: ids };
  const receiver = findAgent(state, to);
  if (!receiver) return { code: 'usage', reason: 'unknown-agent', agent: to, known: ids };
  if (receiver.killed) return { code: 'usage', reason: 'killed-agent', agent: to, known: ids };
  return receiver.role === 'worker' ? { code: 'usage', reason: 'no-integrator', to, candidates: ids } : null;
}

function tooMany(mine: readonly Submission[]): Refusal | null {
  if (mine.length < MOST_OPEN) return null;
  return { code: 'usage', reason: 'many-submissions', open: mine.map(({ id }) => id) };
}

function sameFiles(one: Submission, { commit, files }: SubmitRequest): boolean {
  return one.commit === commit && JSON.stringify(one.files) === JSON.stringify(files);
}

export const SUBMIT_ROWS = {
  submit: {
    decide: decideSubmit,
    fields: {
      to: 'asked',
      text: 'asked',
      commit: 'found',
      files: (files) => files.map(({ path, blob }) => ({ path, blob })),
      task: 'asked',
    },
    parts: () => ['log', 'submissions', 'tasks'],
    // The contents of its files travel with it.
    combinable: false,
    ground: () => null,
  },
} as const satisfies { readonly submit: Row<SubmitRequest> };
