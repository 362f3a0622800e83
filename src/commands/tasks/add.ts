import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ownVerbOf, type Target } from '../../domain/ground/targets.js';
import type { Role } from '../../domain/model.js';
import { coord, form } from '../../domain/suggestion.js';
import { parseTasks, type WrittenTask } from '../../domain/tasks/from-text.js';
import { problemsOf, type TaskDraft } from '../../domain/tasks/plan.js';
import { ORCHESTRATOR } from '../../domain/tasks/task.js';
import { oneLine, shorten } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import { addedLines, endedLines } from '../../render/tasks.js';
import { transact } from '../../store/swap/transact.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { isPerson } from '../../workspace/identity.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { readGround } from '../../workspace/targets.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, storeToRead, transactHere } from '../claims/claim-request.js';
import { readText } from '../input.js';
import type { Input, Verb } from '../verb.js';
import { readTaskId, taskBase, viewOf, viewsOf } from './tasks.js';

const MOST_BYTES = 4 * 1024 * 1024;
const ROLES: readonly string[] = ['peer', 'worker', 'orchestrator'] satisfies Role[];

/** The options that say what a task is. */
const CONTENT_OPTIONS = [
  ['--text <text>', 'a longer description'],
  ['--scope <target>', 'a path, directory, glob or @resource that it is done on', 'repeatable'],
  ['--after <ids>', 'tasks that must be done before', 'repeatable'],
  ['--accept <gates>', 'gates of the main branch that must be open before it is done', 'repeatable'],
  ['--role <role>', 'peer, worker or orchestrator; any by default'],
  ['--priority <n>', 'from 0 (most urgent) to 9; 2 by default'],
] as const;

export const taskAdd: Verb = {
  arguments: [['[title]', 'what to do, in a few words']],
  options: [
    ...CONTENT_OPTIONS,
    ['--from <file>', 'many at once: JSON lines, an export of beads, or a Markdown list; - is standard input'],
    OFFLINE_OPTION,
  ],
  examples: [
    ['coord task add "paginate users" --scope src/api', 'one task, with the paths that it changes'],
    ['coord task add "document pages" --scope docs --after t1', 'it cannot be taken before t1 is done'],
    ['coord task add --from plan.md', 'a list; what is indented under an item must be done before it'],
  ],
  notes: [
    'All of them are added, or none, and every problem is listed. In a Markdown list, lines under an item that begin with',
    'scope:, after:, role:, accept: or priority: set that field; other lines become its text.',
  ],
  answers: { tasks: 'Task[]' },
  async run(context, input) {
    const source = await protectedConfig(context);
    await checkOffline(context, input);
    const store = await storeToRead(context, input);
    const { drafts, problems } = await readDrafts(context, input, source);
    const { state } = await store.latest(['tasks']);
    const all = [
      ...problems,
      ...problemsOf(state.tasks, drafts).filter((one) => problems.length === 0 || one !== 'no task in it'),
    ];
    if (problems.length > 0) throw badTasks(all);
    const request = { kind: 'task-add' as const, ...(await taskBase(context)), drafts };
    const decision = await transactHere(context, input, request);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const tasks = await viewsOf(context, store, decision.result.tasks);
    const warnings = await offlineWarnings(context, input);
    return { data: { tasks }, text: (style) => addedLines(tasks, style), warnings };
  },
};

function badTasks(problems: readonly string[]): CoordError {
  return refusalError({ code: 'usage', reason: 'bad-tasks', problems }, '');
}

interface Read {
  readonly drafts: readonly TaskDraft[];
  readonly problems: readonly string[];
}

async function readDrafts(context: Context, input: Input, source: ProtectedConfig): Promise<Read> {
  const file = input.text('from');
  const title = input.argument(0);
  if (file === undefined) {
    if (title === undefined)
      throw usage(
        'no task is named',
        `${form('task add "what to do" --scope PATH')}; examples: ${coord('help task add')}`,
      );
    const { changes, problems } = readContent(context, input, source);
    const nothing = { key: null, where: null, text: '', scope: [], after: [], role: null, accept: [], priority: 2 };
    return { drafts: [{ ...nothing, ...changes, title }], problems };
  }
  if (title !== undefined) throw usage('a title and --from cannot be used together', 'use one');
  const written = parseTasks(await textOf(context, file));
  const { root } = context.repository;
  const problems: string[] = [...written.problems];
  const drafts = written.tasks.map((task): TaskDraft => {
    const complain = (problem: string) => problems.push(`${task.where}: ${problem}`);
    return {
      ...{ key: task.key, where: task.where, title: task.title, text: task.text, after: task.after },
      ...{ priority: task.priority, role: readRole(task.role, complain) },
      scope: readScope(task, { root, cwd: root }, complain),
      accept: readAccept(task.accept, source, complain),
    };
  });
  return { drafts, problems };
}

/** What the options say of a task; only what was given. */
function readContent(context: Context, input: Input, source: ProtectedConfig) {
  const problems: string[] = [];
  const complain = (problem: string) => problems.push(problem);
  const scope = input.each('scope');
  const role = input.text('role');
  const priority = input.text('priority');
  const text = input.text('text');
  const place = { root: context.repository.root, cwd: context.host.cwd };
  const changes = {
    ...(text === undefined ? {} : { text }),
    ...(scope.length === 0 ? {} : { scope: readScope({ scope }, place, complain) }),
    ...(input.flag('after') ? { after: input.texts('after').filter((id) => id !== 'none') } : {}),
    ...(input.flag('accept')
      ? {
          accept: readAccept(
            input.texts('accept').filter((id) => id !== 'none'),
            source,
            complain,
          ),
        }
      : {}),
    ...(role === undefined ? {} : { role: readRole(role === 'any' ? null : role, complain) }),
    ...(priority === undefined ? {} : { priority: readPriority(priority) }),
  };
  return { changes, problems };
}

/** @returns NaN for what is no number: the decision says so, with all else that is wrong */
function readPriority(text: string): number {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
}

type Complain = (problem: string) => void;

function readScope(
  { scope }: Pick<WrittenTask, 'scope'>,
  place: { readonly root: string; readonly cwd: string },
  complain: Complain,
): Target[] {
  const targets = scope.flatMap((text): Target[] => {
    try {
      return readGround(text, place).filter((target) => {
        const own = ownVerbOf(target) !== null || target.text === ORCHESTRATOR.text;
        if (own) complain(`scope ${oneLine(target.text)}: it stands for something else`);
        return !own;
      });
    } catch (error) {
      if (!(error instanceof CoordError) || error.code !== 'usage') throw error;
      complain(`scope: ${error.message}`);
      return [];
    }
  });
  return targets.filter(
    (one, at) => targets.findIndex(({ kind, text }) => kind === one.kind && text === one.text) === at,
  );
}

function readRole(role: string | null, complain: Complain): Role | null {
  if (role === null || ROLES.includes(role)) return role as Role | null;
  complain(`role ${JSON.stringify(shorten(role, 40))} is not one of ${ROLES.join(', ')}`);
  return null;
}

function readAccept(gates: readonly string[], { config }: ProtectedConfig, complain: Complain): readonly string[] {
  for (const gate of gates) {
    if (!Object.hasOwn(config.gates, gate)) {
      complain(`accept ${JSON.stringify(shorten(gate, 40))} is not a gate in the main branch's configuration`);
    }
  }
  return [...new Set(gates)];
}

async function textOf(context: Context, file: string): Promise<string> {
  if (file === '-') {
    const body = await context.host.readInput(MOST_BYTES);
    if (body === null) throw usage(`standard input is longer than ${MOST_BYTES / 1024 / 1024} MB`, 'add it in parts');
    return decoded(body, 'standard input');
  }
  const path = resolve(context.host.cwd, file);
  try {
    const { size } = statSync(path);
    if (!statSync(path).isFile()) throw usage(`not a file: ${oneLine(file)}`, 'name a file, or - for standard input');
    if (size > MOST_BYTES)
      throw usage(`${oneLine(file)} is longer than ${MOST_BYTES / 1024 / 1024} MB`, 'add it in parts');
    return decoded(readFileSync(path), oneLine(file));
  } catch (error) {
    if (error instanceof CoordError) throw error;
    throw usage(
      `${oneLine(file)} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      'name a file that is there',
    );
  }
}

function decoded(body: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw usage(`${name} is not UTF-8`, 'save it as UTF-8');
  }
}

const LONGEST_REASON = 1_000;

export const taskEdit: Verb = {
  arguments: [['<id>', 'the task']],
  options: [
    ['--title <text>', 'in a few words'],
    ...CONTENT_OPTIONS,
    ['--retry', 'try again; forgets how often it was tried without success'],
  ],
  examples: [
    ['coord task edit t12 --priority 0', 'give it out next'],
    ['coord task edit t12 --retry', 'you have looked into it: let it be taken again'],
  ],
  notes: ['--scope, --after and --accept take the place of what was there; --after none and --accept none clear it.'],
  answers: { task: 'Task' },
  async run(context, input) {
    const id = readTaskId(input.argument(0) ?? '');
    const { changes, problems } = readContent(context, input, await protectedConfig(context));
    if (problems.length > 0) return refusalError({ code: 'usage', reason: 'bad-tasks', problems }, context.now());
    const title = input.text('title');
    const all = { ...changes, ...(title === undefined ? {} : { title }) };
    const retry = input.flag('retry');
    if (Object.keys(all).length === 0 && !retry)
      throw usage('nothing to change was given', 'name an option: --title, --scope, …');
    const store = await context.store();
    const request = { kind: 'task-edit' as const, ...(await taskBase(context)), id, changes: all, retry };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const task = await viewOf(context, store, decision.result.task);
    return { data: { task }, text: (style) => endedLines('edited', task, [], style) };
  },
};

export const taskDrop: Verb = {
  arguments: [['<id>', 'the task']],
  options: [['-r, --reason <text>', 'why; who has it is told']],
  examples: [['coord task drop t12 --reason "no longer needed"', 'it is never done, and blocks nobody']],
  notes: ['Whoever has it loses its paths, and is told; only its author, its holder or an orchestrator may do that.'],
  answers: { task: 'Task', freed: ['text[]', 'tasks that waited for it'] },
  async run(context, input) {
    const id = readTaskId(input.argument(0) ?? '');
    const said = input.text('reason');
    const reason = said === undefined ? null : readText('the reason', said, LONGEST_REASON);
    const store = await context.store();
    const person = isPerson(context.host);
    const request = { kind: 'task-drop' as const, ...(await taskBase(context)), id, reason, person };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { freed } = decision.result;
    const task = await viewOf(context, store, decision.result.task);
    const warnings =
      freed.length === 0
        ? []
        : [`${freed.join(', ')} waited for it, and no longer ${freed.length === 1 ? 'does' : 'do'}`];
    return { data: { task, freed }, text: (style) => endedLines('dropped', task, [], style), warnings };
  },
};
