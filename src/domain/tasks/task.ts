import type { Target } from '../ground/targets.js';
import type { Instant } from '../time.js';

/** What is stored; whether a task is ready, blocked or stuck is derived (see `standing.ts`). */
export const TASK_STATES = ['open', 'taken', 'submitted', 'done', 'dropped'] as const;
export type TaskState = (typeof TASK_STATES)[number];

/**
 * What shows that a task is done: its commit is on the main branch, the gates that it names are open, or its agent's word
 * alone.
 */
export const EVIDENCE = ['landed', 'gate', 'word'] as const;
export type Evidence = (typeof EVIDENCE)[number];

/** How a try at a task ended that did not do it. */
export const TRY_ENDS = ['expired', 'revoked', 'taken-over', 'declined', 'returned', 'withdrawn'] as const;
export type TryEnd = (typeof TRY_ENDS)[number];

/** A try at a task that did not do it: what the next agent should know. */
export interface TaskTry {
  readonly agent: string;
  readonly at: Instant;
  readonly how: TryEnd;
  readonly reason: string | null;
  /** The last commit that is known of it; null: none. */
  readonly commit: string | null;
}

/** A result that came when another had the task already, or it was over: kept for review, and applied by nobody. */
export interface LateResult {
  readonly agent: string;
  readonly at: Instant;
  readonly text: string | null;
  readonly commit: string | null;
  readonly submission: string | null;
}

/** A piece of work that somebody gives out. */
export interface Task {
  /** `t1`, `t2`, … */
  readonly id: string;
  readonly title: string;
  /** What is to be done, in more words; may be empty. */
  readonly text: string;
  /** The ground that it is done on; may be empty. */
  readonly scope: readonly Target[];
  /** Ids of the tasks that must be done before. */
  readonly after: readonly string[];
  /** Who may take it; null: any role. */
  readonly role: 'peer' | 'orchestrator' | 'worker' | null;
  /** Names of the gates of the main branch's configuration that must be open before it is done. */
  readonly accept: readonly string[];
  /** 0 is the most urgent. */
  readonly priority: number;
  readonly by: string;
  readonly addedAt: Instant;
  readonly state: TaskState;
  /** Who has it, or brought its result; null: nobody. */
  readonly agent: string | null;
  /** Since when it is in this state. */
  readonly since: Instant;
  /** Tries that ended otherwise than by giving it back. */
  readonly attempts: number;
  readonly submission: string | null;
  readonly evidence: Evidence | null;
  /** The commit that holds the result; of a taken task, the last one that is known of the work. */
  readonly commit: string | null;
  /** What its agent says of the result. */
  readonly result: string | null;
  /** The newest tries that did not do it, oldest first. */
  readonly tries: readonly TaskTry[];
  readonly late: readonly LateResult[];
}

/** A task that somebody has, and until when at most, unless it is renewed. */
export interface TakenTask {
  readonly task: string;
  readonly title: string;
  readonly state: TaskState;
  readonly agent: string | null;
  readonly expiresAt: Instant | null;
}

/** The tasks of a repository, by the number in their id. */
export interface Tasks {
  /** The largest number that a task was ever given. */
  readonly last: number;
  readonly tasks: readonly Task[];
}

export const NO_TASKS: Tasks = { last: 0, tasks: [] };

const TASK_PREFIX = '@task/';

/** The resource that stands for a task: held while an agent has it, so that a task has the life of a claim. */
export function taskTarget(id: string): Target {
  return { kind: 'resource', text: `${TASK_PREFIX}${id}` };
}

export function isTaskTarget(target: Target): boolean {
  return target.kind === 'resource' && target.text.startsWith(TASK_PREFIX);
}

/** What a gate is asked about a task, in the place of the name of a deploy target. */
export function taskQuestion(id: string): string {
  return `task/${id}`;
}

/** Whether a gate is asked about a task. */
export function isTaskQuestion(target: string): boolean {
  return /^task\/t[1-9]\d*$/.test(target);
}

/** Held by the agent that gives out the tasks. */
export const ORCHESTRATOR: Target = { kind: 'resource', text: '@orchestrator' };

export function findTask({ tasks }: Tasks, id: string): Task | undefined {
  return tasks.find((task) => task.id === id);
}

/** How a text names a task of coord: by a command, by its resource, or at its very beginning, as in `t12: paginate users`. */
const NAMED = /@task\/(t[1-9]\d{0,14})\b|\bcoord task [a-z]+ (t[1-9]\d{0,14})\b/g;
const LEADING = /^\W*(?:(?:coord )?task )?(t[1-9]\d{0,14})\b/i;

/** The tasks that somebody else's list of tasks means: those that it names, or whose title it has. */
export function tasksNamedIn({ tasks }: Tasks, subject: string, description: string): Task[] {
  const leading = LEADING.exec(subject)?.[1]?.toLowerCase();
  const named = [...`${subject}\n${description}`.matchAll(NAMED)].map(([, one, other]) => one ?? other);
  const title = subject.trim().toLowerCase();
  return tasks.filter(({ id, ...task }) => id === leading || named.includes(id) || task.title.toLowerCase() === title);
}

/** The tasks with this one in the place of the one with its id. */
export function withTask(tasks: Tasks, changed: Task): Tasks {
  return { ...tasks, tasks: tasks.tasks.map((task) => (task.id === changed.id ? changed : task)) };
}
