import { overlaps } from '../../../../src/domain/ground/index.js';
import { patternTarget } from '../../../../src/domain/ground/patterns.js';
import type { BranchCommit } from './branch.js';
import type { Call } from './client.js';

/** A task as the events up to some commit make it. */
interface Standing {
  readonly id: string;
  readonly scope: readonly string[];
  readonly after: readonly string[];
  state: 'open' | 'taken' | 'submitted' | 'done' | 'dropped';
  agent: string | null;
  attempts: number;
}

export interface CheckedTasks {
  readonly taken: number;
  readonly done: number;
  /** Refused takes that were looked at. */
  readonly refused: number;
  readonly problems: readonly string[];
}

/** After so many tries a task is given to nobody. */
const ATTEMPTS = 3;

/**
 * Replays the tasks of a history, and checks that none is taken twice, or before what comes before it is done, that no two
 * agents have tasks on overlapping ground, that only who has a task ends it, and that whoever was refused a task was so
 * with right: some state that it can have seen had none that was ready, with nobody on its ground.
 */
export function checkTasks(commits: readonly BranchCommit[], calls: readonly Call[]): CheckedTasks {
  const replay = new TaskReplay();
  const ready: (readonly Standing[])[] = [];
  for (const commit of commits) {
    for (const event of commit.events) replay.apply(event);
    ready.push(replay.readyIn());
  }
  const problems = [...replay.problems];
  const takes = calls.filter(({ verb, exit, args }) => verb === 'task take' && exit === 3 && !args.some(waits));
  for (const call of takes) {
    const [first, last] = windowOf(call, calls, commits);
    const free = (index: number) => freeFor(call.agent, ready[index] ?? [], commits[index]);
    const justified = range(first, last).some((index) => free(index).length === 0);
    if (!justified) {
      const ids = free(last).map(({ id }) => id);
      const { reason } = call.answer?.error?.details ?? {};
      problems.push(
        `${call.agent} was refused (${reason}), though ${ids.join(', ')} was free in all of commits ${first} to ${last}`,
      );
    }
  }
  return { taken: replay.taken, done: replay.done, refused: takes.length, problems };
}

class TaskReplay {
  readonly tasks = new Map<string, Standing>();
  readonly problems: string[] = [];
  taken = 0;
  done = 0;

  apply(event: BranchCommit['events'][number]): void {
    if (!event.type.startsWith('task.')) return;
    const id = String(event.task);
    if (event.type === 'task.added') {
      const { scope, after } = event as unknown as Pick<Standing, 'scope' | 'after'>;
      this.tasks.set(id, { id, scope, after, state: 'open', agent: null, attempts: 0 });
      return;
    }
    const task = this.tasks.get(id);
    if (!task) {
      this.problems.push(`${event.id}: ${event.type} of ${id}, which was never added`);
      return;
    }
    if (event.type === 'task.taken') this.take(event, task);
    else this.end(event, task);
  }

  private take(event: BranchCommit['events'][number], task: Standing): void {
    this.taken += 1;
    if (task.state !== 'open')
      this.problems.push(`${event.id}: takes ${task.id}, which is ${task.state} (${task.agent})`);
    if (event.attempt !== task.attempts + 1) this.problems.push(`${event.id}: is not attempt ${task.attempts + 1}`);
    const early = task.after.filter((id) => this.tasks.get(id)?.state !== 'done');
    if (early.length > 0) this.problems.push(`${event.id}: takes ${task.id} before ${early.join(', ')} is done`);
    for (const other of this.tasks.values()) {
      if (other.state !== 'taken' || other.agent === event.agent) continue;
      const common = task.scope.some((one) =>
        other.scope.some((two) => overlaps(patternTarget(one), patternTarget(two))),
      );
      if (common)
        this.problems.push(`${event.id}: takes ${task.id} while ${other.agent} has ${other.id} on that ground`);
    }
    Object.assign(task, { state: 'taken', agent: event.agent });
  }

  private end(event: BranchCommit['events'][number], task: Standing): void {
    const { type, agent } = event;
    if (type === 'task.done') {
      this.done += 1;
      if (task.state !== 'taken' && task.state !== 'submitted')
        this.problems.push(`${event.id}: ends ${task.state} ${task.id}`);
      if (task.state === 'taken' && task.agent !== agent) {
        this.problems.push(`${event.id}: ${agent} ends ${task.id}, which ${task.agent} has`);
      }
      task.state = 'done';
    } else if (type === 'task.submitted') Object.assign(task, { state: 'submitted' });
    else if (type === 'task.dropped') task.state = 'dropped';
    else if (type === 'task.returned') Object.assign(task, { state: 'open', agent: null });
    else if (type === 'task.reopened')
      Object.assign(task, { state: 'open', agent: null, attempts: Number(event.attempts) });
  }

  /** The tasks that could be taken by their own standing, as copies. */
  readyIn(): readonly Standing[] {
    const all = [...this.tasks.values()];
    const isReady = ({ state, after, attempts }: Standing) =>
      state === 'open' && attempts < ATTEMPTS && after.every((id) => this.tasks.get(id)?.state === 'done');
    return all.filter(isReady).map((task) => ({ ...task }));
  }
}

/** Those of the ready tasks on whose ground nobody else stands, or waits. */
function freeFor(agent: string, ready: readonly Standing[], commit: BranchCommit | undefined): readonly Standing[] {
  const grounds = [
    ...(commit?.claims ?? [])
      .filter((claim) => claim.agent !== agent)
      .map(({ kind, target }) => ({ kind, text: target })),
    ...(commit?.waiters ?? []).filter((waiter) => waiter.agent !== agent).flatMap(({ targets }) => targets),
  ];
  return ready.filter(({ id, scope }) => {
    const wanted = [...scope, `@task/${id}`].map(patternTarget);
    return !wanted.some((one) => grounds.some((other) => overlaps(one, other)));
  });
}

/** The states that a call can have seen: from the last write acknowledged before it to the last before what began after it. */
function windowOf(call: Call, calls: readonly Call[], commits: readonly BranchCommit[]): readonly [number, number] {
  let first = 0;
  let last = commits.length - 1;
  for (const other of calls) {
    const index = indexOf(other, commits);
    if (index === null) continue;
    if (other.end !== null && other.end < call.start) first = Math.max(first, index);
    const begun = call.end !== null && other.start > call.end && !isRepeated(other, calls);
    if (begun) last = Math.min(last, index - 1);
  }
  return [first, Math.max(first, last)];
}

/** Whether what it wrote may have been written by an earlier run of it, which was killed: it stands where that stood. */
function isRepeated({ verb, agent, args, answer, start }: Call, calls: readonly Call[]): boolean {
  if (verb === 'task take') return answer?.data?.again === true;
  const same = (other: Call) => other.agent === agent && other.args.join(' ') === args.join(' ');
  return calls.some((other) => other.end === null && other.start < start && same(other));
}

const places = new WeakMap<Call, number | null>();

/** The commit in which a call that took or ended a task wrote that; null: it wrote nothing of it. */
function indexOf(call: Call, commits: readonly BranchCommit[]): number | null {
  const known = places.get(call);
  if (known !== undefined) return known;
  const found = commits.findIndex(({ events }) => events.some((event) => wroteIt(call, event)));
  places.set(call, found < 0 ? null : found);
  return found < 0 ? null : found;
}

function wroteIt({ verb, exit, agent, answer }: Call, event: BranchCommit['events'][number]): boolean {
  if (exit !== 0 || event.agent !== agent || event.task !== answer?.data?.task?.id) return false;
  if (verb === 'task take') return event.type === 'task.taken' && event.token === answer?.data.claims.at(-1)?.token;
  return verb === 'task done' && event.type === 'task.done';
}

function waits(word: string): boolean {
  return word.startsWith('--wait');
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
