import { refusedAuthority } from '../agents/agents.js';
import { isLive } from '../claims/leases.js';
import type { EventDraft } from '../events.js';
import type { Target } from '../ground/targets.js';
import { counted, newId, numberIn, type Role, type State } from '../model.js';
import type { Refusal } from '../refusal.js';
import type { Outcome, RequestBase, Row } from '../request.js';
import { plural, shorten } from '../text.js';
import type { Instant } from '../time.js';
import { releaseGround, revokeGround } from './ground.js';
import { settleTasks } from './standing.js';
import { findTask, ORCHESTRATOR, type Task, type Tasks, withTask } from './task.js';

const LONGEST_TITLE = 200;
export const LONGEST_TEXT = 16_000;
const LOWEST_PRIORITY = 9;
const MOST_TARGETS = 50;
const MOST_BEFORE = 100;
/** Of tasks that are not over; of the others the newest are kept. */
const MOST_UNFINISHED = 5_000;
const MOST_OVER = 1_000;
/** Of a circle, so many names are told. */
const CIRCLE_NAMED = 10;

/** A task before it has an id. */
export interface TaskDraft {
  /** How others of the same request name it in `after`; null: not at all. */
  readonly key: string | null;
  /** Where it was read, for a list of problems; null: there is only one. */
  readonly where: string | null;
  readonly title: string;
  readonly text: string;
  readonly scope: readonly Target[];
  /** Ids of tasks, or keys of drafts of the same request. */
  readonly after: readonly string[];
  readonly role: Role | null;
  readonly accept: readonly string[];
  readonly priority: number;
}

/** Adds tasks, all or none. */
export interface TaskAddRequest extends RequestBase {
  readonly kind: 'task-add';
  readonly drafts: readonly TaskDraft[];
}

export type TaskChanges = Partial<Omit<TaskDraft, 'key' | 'where'>>;

export interface TaskEditRequest extends RequestBase {
  readonly kind: 'task-edit';
  readonly id: string;
  readonly changes: TaskChanges;
  /** Forgets how often it was tried, so that it may be taken again. */
  readonly retry: boolean;
}

export interface TaskDropRequest extends RequestBase {
  readonly kind: 'task-drop';
  readonly id: string;
  readonly reason: string | null;
  /** Whether a person sits at the terminal. */
  readonly person: boolean;
}

export interface DropResult {
  readonly task: Task;
  /** Open tasks that waited for it. */
  readonly freed: readonly string[];
}

/** Adds tasks, all of them or none; their ids follow each other in the order in which they were given. */
function decideTaskAdd(
  state: State,
  request: TaskAddRequest,
  now: Instant,
): Outcome<{ readonly tasks: readonly Task[] }> {
  const refusal = notInCharge(state, request, now) ?? badDrafts(problemsOf(state.tasks, request.drafts));
  if (refusal) return { ok: false, refusal };
  const { agent, session, drafts } = request;
  const idOf = (index: number) => newId(state, 't', state.tasks.last, index + 1);
  const ids = new Map(drafts.flatMap(({ key }, index) => (key === null ? [] : [[key, idOf(index)] as const])));
  const added = drafts.map((draft, index): Task => {
    const { title, text, scope, role, accept, priority } = draft;
    const after = [...new Set(draft.after.map((name) => ids.get(name) ?? name))];
    return {
      ...{ id: idOf(index), title, text, scope, after, role, accept, priority, by: agent, addedAt: now },
      ...{ state: 'open', agent: null, since: now, attempts: 0, submission: null, evidence: null },
      ...{ commit: null, result: null, tries: [], late: [] },
    };
  });
  const [one] = added;
  const what = one && added.length === 1 ? `${one.id} ${short(one.title)}` : plural(added.length, 'task');
  return {
    ok: true,
    state: {
      ...state,
      ...counted(state, null, added.length),
      tasks: {
        last: state.tasks.last + (state.provisional === null ? added.length : 0),
        tasks: bounded([...state.tasks.tasks, ...added]),
      },
    },
    events: added.map(({ id, title, after, scope }): EventDraft => {
      const facts = { task: id, title, after, scope: scope.map((target) => target.text) };
      return { type: 'task.added', at: now, agent, session, ...facts };
    }),
    result: { tasks: added },
    summary: `add ${what} by ${agent}`,
  };
}

/** Everything that is wrong with tasks that are to be added, each with where it was read. */
export function problemsOf(tasks: Tasks, drafts: readonly TaskDraft[]): string[] {
  const unfinished = tasks.tasks.filter(({ state }) => state !== 'done' && state !== 'dropped').length;
  // Nothing else is looked at: what is wrong with so many is no list that anybody reads.
  if (unfinished + drafts.length > MOST_UNFINISHED) return [`more than ${MOST_UNFINISHED} unfinished tasks`];
  const keys = new Map<string, number>();
  const problems: string[] = drafts.length === 0 ? ['no task in it'] : [];
  for (const [index, { key, where }] of drafts.entries()) {
    if (key === null) continue;
    if (keys.has(key)) problems.push(`${at(where)}${quoted(key)} names two tasks`);
    else keys.set(key, index);
  }
  for (const draft of drafts) {
    const said = [...contentProblems(draft), ...beforeProblems(tasks, draft, new Set(keys.keys()))];
    problems.push(...said.map((problem) => `${at(draft.where)}${problem}`));
  }
  const name = (index: number) => drafts[index]?.key ?? String(index);
  const before = (index: number) => (drafts[index]?.after ?? []).flatMap((key) => keys.get(key) ?? []);
  const circle = circleIn([...drafts.keys()], before);
  if (circle) problems.push(circleText(circle.map((index) => quoted(name(index)))));
  return problems;
}

function contentProblems(draft: TaskChanges): string[] {
  const { title, text, scope, priority } = draft;
  const length = title === undefined ? 1 : [...title].length;
  return [
    ...(title !== undefined && title.trim() === '' ? ['no title'] : []),
    ...(length > LONGEST_TITLE ? [`a title longer than ${LONGEST_TITLE} characters`] : []),
    ...(title !== undefined && /[\r\n]/.test(title) ? ['a title of several lines'] : []),
    ...((text?.length ?? 0) > LONGEST_TEXT ? [`a text longer than ${LONGEST_TEXT} characters`] : []),
    ...((scope?.length ?? 0) > MOST_TARGETS ? [`more than ${MOST_TARGETS} targets`] : []),
    ...(priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= LOWEST_PRIORITY)
      ? [`a priority is a whole number from 0 (most urgent) to ${LOWEST_PRIORITY}`]
      : []),
  ];
}

function beforeProblems(tasks: Tasks, { after }: TaskChanges, keys: ReadonlySet<string>): string[] {
  const names = after ?? [];
  const many = names.length > MOST_BEFORE ? [`after more than ${MOST_BEFORE} tasks`] : [];
  return [
    ...many,
    ...names.flatMap((name) => {
      if (keys.has(name)) return [];
      const task = findTask(tasks, name);
      if (!task) return [`after ${quoted(name)}, which is not a task`];
      return task.state === 'dropped' ? [`after ${name}, which was dropped`] : [];
    }),
  ];
}

/** Changes a task that is not over. */
function decideTaskEdit(before: State, request: TaskEditRequest, now: Instant): Outcome<{ readonly task: Task }> {
  const { state, events } = settleTasks(before, now);
  const { agent, session, changes, retry } = request;
  const task = findTask(state.tasks, request.id);
  const refusal = notInCharge(state, request, now) ?? unfit(state.tasks, task, request);
  if (refusal || !task) return { ok: false, refusal: refusal ?? unknownTask(state.tasks, request.id) };
  const edited: Task = { ...task, ...changes, ...(retry ? { attempts: 0 } : {}) };
  const what = [...Object.keys(changes), ...(retry ? ['attempts'] : [])];
  return {
    ok: true,
    state: { ...state, tasks: withTask(state.tasks, edited) },
    events: [
      ...events,
      { type: 'task.edited', at: now, agent, session, task: task.id, changed: what, ...plannedOf(changes) },
    ],
    result: { task: edited },
    summary: `edit ${task.id} by ${agent}: ${what.join(', ')}`,
  };
}

/** What others can tell from the history of a changed plan: where the work is done, and in what order. */
function plannedOf({ scope, after }: TaskChanges): Record<string, unknown> {
  return {
    ...(scope === undefined ? {} : { scope: scope.map(({ text }) => text) }),
    ...(after === undefined ? {} : { after }),
  };
}

function unfit(tasks: Tasks, task: Task | undefined, request: TaskEditRequest): Refusal | null {
  if (!task) return unknownTask(tasks, request.id);
  if (isOver(task)) return { code: 'usage', reason: 'task-over', task };
  const { changes } = request;
  // The claims of its holder are on the scope as it is.
  if (task.state === 'taken' && changes.scope !== undefined) return { code: 'held', reason: 'task-taken', task };
  const problems = [...contentProblems(changes), ...beforeProblems(tasks, changes, new Set())];
  const byId = new Map(tasks.tasks.map((one) => [one.id, one]));
  const before = (id: string) => (id === task.id ? (changes.after ?? task.after) : (byId.get(id)?.after ?? []));
  const circle = problems.length > 0 ? null : circleIn([task.id], before);
  return badDrafts(circle ? [circleText(circle)] : problems);
}

/** Ends a task undone, for good. */
function decideTaskDrop(before: State, request: TaskDropRequest, now: Instant): Outcome<DropResult> {
  const { state, events } = settleTasks(before, now);
  const { agent, session, reason } = request;
  const task = findTask(state.tasks, request.id);
  if (!task) return { ok: false, refusal: unknownTask(state.tasks, request.id) };
  const summary = `drop ${task.id} by ${agent}${reason === null ? '' : `: ${reason}`}`;
  if (task.state === 'dropped') return { ok: true, state, events, result: { task, freed: [] }, summary };
  const theirs = task.state === 'taken' && task.agent !== agent && task.by !== agent;
  const refusal =
    notInCharge(state, request, now) ??
    (task.state === 'done' ? { code: 'usage' as const, reason: 'task-over' as const, task } : null) ??
    (theirs ? refusedAuthority(state, request) : null);
  if (refusal) return { ok: false, refusal };
  const nothing = { commit: null, commitNamed: false, changes: null, uncommitted: false };
  const freed =
    task.state !== 'taken' || task.agent === null
      ? { state, events: [] }
      : task.agent === agent
        ? releaseGround(state, task.id, request, nothing, now)
        : revokeGround(state, task.id, task.agent, { by: agent, reason: reason ?? `${task.id} was dropped` }, now);
  const dropped: Task = { ...task, state: 'dropped', since: now, result: reason };
  return {
    ok: true,
    state: { ...freed.state, tasks: withTask(freed.state.tasks, dropped) },
    events: [...events, ...freed.events, { type: 'task.dropped', at: now, agent, session, task: task.id, reason }],
    result: { task: dropped, freed: waitingFor(state.tasks, task.id) },
    summary,
  };
}

/** The open tasks that had to wait for this one. */
function waitingFor({ tasks }: Tasks, id: string): string[] {
  return tasks.filter(({ state, after }) => state === 'open' && after.includes(id)).map((task) => task.id);
}

export function isOver({ state }: Task): boolean {
  return state === 'done' || state === 'dropped';
}

export function unknownTask({ tasks }: Tasks, id: string): Refusal {
  const open = tasks.filter((task) => !isOver(task)).map((task) => task.id);
  return { code: 'usage', reason: 'unknown-task', task: id, open };
}

/** With `"tasks": {"by": "orchestrator"}`, why this agent may not give out tasks: another holds `@orchestrator`, or nobody. */
function notInCharge(state: State, { agent, policy }: RequestBase, now: Instant): Refusal | null {
  if (policy.tasks.by !== 'orchestrator') return null;
  const held = state.claims.find((claim) => claim.target === ORCHESTRATOR.text && isLive(claim, now));
  if (held?.agent === agent) return null;
  return { code: 'closed', reason: 'not-in-charge', holder: held?.agent ?? null };
}

function badDrafts(problems: readonly string[]): Refusal | null {
  return problems.length === 0 ? null : { code: 'usage', reason: 'bad-tasks', problems };
}

/**
 * A circle that can be reached from one of these, its first and last the same; null when there is none. Depth-first search
 * with the path that led to each node (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972).
 */
function circleIn<T>(from: readonly T[], next: (node: T) => readonly T[]): T[] | null {
  const finished = new Set<T>();
  const path: T[] = [];
  const visit = (node: T): T[] | null => {
    const seen = path.indexOf(node);
    if (seen >= 0) return [...path.slice(seen), node];
    if (finished.has(node)) return null;
    path.push(node);
    for (const other of next(node)) {
      const circle = visit(other);
      if (circle) return circle;
    }
    path.pop();
    finished.add(node);
    return null;
  };
  for (const node of from) {
    const circle = visit(node);
    if (circle) return circle;
  }
  return null;
}

/** @param names the first and the last are the same */
function circleText(names: readonly string[]): string {
  const left = names.length - 1 - CIRCLE_NAMED;
  const named = left > 0 ? [...names.slice(0, CIRCLE_NAMED), `${left} more`, names.at(-1)] : names;
  return `a circle: ${named.join(' after ')}`;
}

/** All that are not over, those that they come after, and the newest of the others. */
function bounded(tasks: readonly Task[]): readonly Task[] {
  const over = tasks.filter(isOver);
  if (over.length <= MOST_OVER) return tasks;
  const needed = new Set(tasks.filter((task) => !isOver(task)).flatMap(({ after }) => after));
  const oldest = over.filter(({ id }) => !needed.has(id)).sort((a, b) => numberIn(a.id) - numberIn(b.id));
  const forgotten = new Set(oldest.slice(0, over.length - MOST_OVER));
  return tasks.filter((task) => !forgotten.has(task));
}

function at(where: string | null): string {
  return where === null ? '' : `${where}: `;
}

function quoted(text: string): string {
  return JSON.stringify(shorten(text, 40));
}

function short(title: string): string {
  return JSON.stringify(shorten(title, 60));
}

export const PLAN_ROWS = {
  'task-add': {
    decide: decideTaskAdd,
    fields: { drafts: 'asked' },
    parts: () => ['tasks'],
    combinable: true,
    ground: () => null,
    offline: true,
  },
  'task-edit': {
    decide: decideTaskEdit,
    fields: { id: 'asked', changes: 'asked', retry: 'asked' },
    parts: () => ['tasks'],
    combinable: true,
    ground: () => null,
  },
  'task-drop': {
    decide: decideTaskDrop,
    repeatable: true,
    fields: { id: 'asked', reason: 'asked', person: 'found' },
    parts: () => ['tasks'],
    combinable: true,
    ground: () => null,
  },
} as const satisfies {
  readonly 'task-add': Row<TaskAddRequest>;
  readonly 'task-edit': Row<TaskEditRequest>;
  readonly 'task-drop': Row<TaskDropRequest>;
};
