import type { Claim, State } from '../../domain/model.js';
import { command } from '../../domain/suggestion.js';
import type { TaskDoneRequest, TaskReturnRequest } from '../../domain/tasks/finish.js';
import type { TaskWork } from '../../domain/tasks/ground.js';
import { claimsOf, tasksOf } from '../../domain/tasks/standing.js';
import { findTask, type Task } from '../../domain/tasks/task.js';
import { CoordError } from '../../errors.js';
import { onGround, pathsBetween } from '../../git/changes.js';
import { mainBranchAsFetched } from '../../git/main-branch.js';
import { isAncestor } from '../../git/refs.js';
import { uncommittedError } from '../../render/claims.js';
import { refusalError } from '../../render/refusals.js';
import { endedLines, lateError } from '../../render/tasks.js';
import { isAnswered } from '../../store/queue/combine.js';
import { transact } from '../../store/swap/transact.js';
import { uncommittedOn } from '../../workspace/clean.js';
import type { Context } from '../../workspace/context.js';
import { isPerson } from '../../workspace/identity.js';
import { claimTerms } from '../claims/claim-request.js';
import { commitToRecord, workFacts } from '../claims/release.js';
import { openGates } from '../gates/source.js';
import { readText } from '../input.js';
import { readWork } from '../land/review.js';
import type { Input, Verb } from '../verb.js';
import { lifeOfTasks } from './take.js';
import { taskArgument, taskBase, viewOf } from './tasks.js';

const LONGEST_RESULT = 4_000;
const LONGEST_REASON = 1_000;

const WORK_OPTIONS = [
  ['--commit <commit>', 'the commit; HEAD by default'],
  ['--uncommitted', 'even with uncommitted changes; this is recorded'],
] as const;

export const taskDone: Verb = {
  arguments: [['[id]', 'the task; yours by default']],
  options: [['--result <text>', 'the outcome, for whoever collects the results'], ...WORK_OPTIONS],
  examples: [
    ['coord task done', 'end your task, and release its paths'],
    ['coord task done t12 --result "no user is affected"', 'with the outcome'],
  ],
  notes: [
    'coord finds out what proves that it is done: its commit on the main branch (landed), the gates that it',
    'names (gate), or else your word. coord land ends a task by itself.',
  ],
  answers: { task: 'Task', released: 'Claim[]' },
  async run(context, input) {
    const given = await givenBack(context, input);
    if (given instanceof CoordError) return given;
    const { store, base, id, task, claims, work } = given;
    const open = task ? await openGates(context, task, work.commit) : [];
    if (open instanceof CoordError) return open;
    const { head, contains, allowBehind, reach, rules, ticket } = await claimTerms(context, input, store, []);
    const said = input.text('result');
    const request: TaskDoneRequest = {
      ...{ kind: 'task-done', ...base, id, ...work, open, person: isPerson(context.host) },
      text: said === undefined ? null : readText('--result', said, LONGEST_RESULT),
      landed: await hasLanded(context, task, claims, work),
      ...{ head, contains, allowBehind, reach, rules, ticket, reason: null, expectSeconds: null },
      ttl: await lifeOfTasks(context, undefined),
    };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { released, late } = decision.result;
    const ended = await viewOf(context, store, decision.result.task);
    if (late) return lateError(ended, context.now());
    return { data: { task: ended, released }, text: (style) => endedLines('done', ended, released, style) };
  },
};

export const taskReturn: Verb = {
  arguments: [['[id]', 'the task; yours by default']],
  options: [['-r, --reason <text>', 'why; the next agent is told'], ...WORK_OPTIONS],
  examples: [['coord task return --reason "needs the new schema"', 'give it back undone, and release its paths']],
  notes: [
    'It does not count as an attempt. An orchestrator, or a person at a terminal, may take a task from another agent this way.',
  ],
  answers: { task: 'Task', released: 'Claim[]' },
  async run(context, input) {
    const given = await givenBack(context, input);
    if (given instanceof CoordError) return given;
    const { store, base, id, work } = given;
    const said = input.text('reason');
    const reason = said === undefined ? null : readText('the reason', said, LONGEST_REASON);
    const person = isPerson(context.host);
    const request: TaskReturnRequest = { kind: 'task-return', ...base, id, ...work, reason, person };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { released } = decision.result;
    const task = await viewOf(context, store, decision.result.task);
    return { data: { task, released }, text: (style) => endedLines('returned', task, released, style) };
  },
};

/** The task that is given back, done or not, with what holds its work; refused where no commit would. */
async function givenBack(context: Context, input: Input) {
  const store = await context.store();
  const base = await taskBase(context);
  const id = taskArgument(input);
  const { state } = await store.latest(['tasks']);
  const task = meant(context, state, base, id);
  const claims = task ? claimsOf(state, task.id).filter(({ agent }) => agent === base.agent) : [];
  const work = await workOf(context, input, claims, base.requestId);
  return work instanceof CoordError ? work : { store, base, id, task, claims, work };
}

/** The task that is meant, as far as it is clear. */
function meant(
  context: Context,
  state: State,
  owner: { readonly agent: string; readonly session: string | null },
  id: string | null,
): Task | undefined {
  if (id !== null) return findTask(state.tasks, id);
  const mine = tasksOf(state, owner, context.now());
  return mine.length === 1 ? mine[0] : undefined;
}

/** What holds the work of a task; refused where no commit would. */
async function workOf(
  context: Context,
  input: Input,
  claims: readonly Claim[],
  requestId: string | null,
): Promise<TaskWork | CoordError> {
  const dirty = await uncommittedOn(context, claims, { stashes: true });
  const store = await context.store();
  if (dirty.length > 0 && !input.flag('uncommitted') && !(await isAnswered(store, requestId))) {
    return uncommittedError(
      dirty,
      `commit them (${command('git status')} lists them), then repeat; or add --uncommitted, on the record`,
    );
  }
  const commit = await commitToRecord(context, input.text('commit'));
  const commitNamed = input.text('commit') !== undefined;
  return workFacts(context, claims, commit, { commitNamed, uncommitted: dirty.length > 0 });
}

/**
 * Whether the commit is on the main branch, and is work of this task: it changed something on its ground since it was
 * taken. Of a task without paths, only the commit that was named can be known to be its work.
 */
async function hasLanded(
  context: Context,
  task: Task | undefined,
  claims: readonly Claim[],
  { commit, commitNamed }: TaskWork,
): Promise<boolean> {
  if (!task || commit === null) return false;
  const main = await mainTip(context);
  if (main === null || (await isAncestor(context.git, commit, main)) !== true) return false;
  if (task.scope.length === 0) return commitNamed;
  const base = claims.find(({ kind }) => kind !== 'resource')?.base ?? task.commit;
  if (base === null || base === commit) return commitNamed;
  const changed = await pathsBetween(context.git, base, commit).catch(() => []);
  const ground = task.scope.map(({ kind, text }) => ({ kind, target: text }));
  return onGround(changed, ground, context.repository.foldsCase).length > 0;
}

/** The commit of the main branch: as the remote has it now, or where nothing is shared, of this clone; null: not known. */
async function mainTip(context: Context): Promise<string | null> {
  const { share, mainRemote: remote, mainBranch } = await context.config();
  if (share) return (await readWork(context)).work?.main ?? null;
  return (await mainBranchAsFetched(context.repository, context.git, { remote, mainBranch }))?.commit ?? null;
}
