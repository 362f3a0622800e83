import type { CoordEvent } from '../../../../src/domain/events.js';
import { overlaps } from '../../../../src/domain/ground/index.js';
import { patternTarget } from '../../../../src/domain/ground/patterns.js';
import type { BranchCommit } from './branch.js';
import type { Placed } from './check.js';
import { operationsOf } from './operations.js';

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
export function checkTasks(commits: readonly BranchCommit[], placed: readonly Placed[]): CheckedTasks {
  const replay = new TaskReplay();
  const ready: (readonly Standing[])[] = [];
  for (const commit of commits) {
    for (const { events } of operationsOf(commit, 0)) for (const event of events) replay.apply(event, events);
    ready.push(replay.readyIn());
  }
  const problems = [...replay.problems];
  const takes = placed.filter(({ call: { verb, exit, args } }) => verb === 'task take' && exit === 3 && isForAny(args));
  for (const { call, window } of takes) {
    const [first, last] = window;
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

  /** @param beside all events of its operation */
  apply(event: CoordEvent, beside: readonly CoordEvent[]): void {
    if (event.type.startsWith('claim.')) this.follow(event);
    if (!event.type.startsWith('task.')) return;
    const id = String(event.task);
    if (event.type === 'task.added') {
      const { scope, after } = event as unknown as Pick<Standing, 'scope' | 'after'>;
      this.tasks.set(id, { id, scope, after, state: 'open', agent: null, attempts: 0 });
      return;
    }
    const task = this.tasks.get(id);
    if (!task) this.problems.push(`${event.id}: ${event.type} of ${id}, which was never added`);
    else if (event.type === 'task.taken') this.take(event, task, beside);
    else this.end(event, task);
  }

  /** A task goes with the claim that stands for it. */
  private follow({ type, target, agent }: CoordEvent): void {
    const task = this.tasks.get(String(target).replace(/^@task\//, ''));
    if (task?.state === 'taken' && type === 'claim.handed-off') task.agent = agent;
  }

  private take(event: CoordEvent, task: Standing, beside: readonly CoordEvent[]): void {
    this.taken += 1;
    const { id, agent } = event;
    // Who let it run out, and takes it before anybody else can, goes on with the same try.
    const over = beside.some(({ type, target }) => type === 'claim.expired' && target === `@task/${task.id}`);
    if (task.state !== 'open' && !(over && task.agent === agent))
      this.problems.push(`${id}: takes ${task.id}, which is ${task.state} (${task.agent})`);
    if (event.attempt !== task.attempts + 1) this.problems.push(`${id}: is not attempt ${task.attempts + 1}`);
    const early = task.after.filter((one) => !this.isOver(one));
    if (early.length > 0) this.problems.push(`${id}: takes ${task.id} before ${early.join(', ')} is done`);
    for (const other of this.tasks.values()) {
      if (other.state !== 'taken' || other.agent === agent || other === task) continue;
      const common = task.scope.some((one) =>
        other.scope.some((two) => overlaps(patternTarget(one), patternTarget(two))),
      );
      if (common) this.problems.push(`${id}: takes ${task.id} while ${other.agent} has ${other.id} on that ground`);
    }
    Object.assign(task, { state: 'taken', agent });
  }

  private isOver(id: string): boolean {
    return ['done', 'dropped'].includes(this.tasks.get(id)?.state ?? 'done');
  }

  private end(event: CoordEvent, task: Standing): void {
    const { type, agent, id } = event;
    switch (type) {
      case 'task.done':
        this.done += 1;
        if (task.state !== 'taken' && task.state !== 'submitted')
          this.problems.push(`${id}: ends ${task.state} ${task.id}`);
        if (task.state === 'taken' && task.agent !== agent)
          this.problems.push(`${id}: ${agent} ends ${task.id}, which ${task.agent} has`);
        task.state = 'done';
        break;
      case 'task.submitted':
        if (task.state !== 'taken' || task.agent !== agent)
          this.problems.push(`${id}: ${agent} submits ${task.id}, which ${task.agent} has (${task.state})`);
        task.state = 'submitted';
        break;
      case 'task.dropped':
        task.state = 'dropped';
        break;
      case 'task.returned':
        if (task.state !== 'taken' || task.agent !== event.of)
          this.problems.push(`${id}: returns ${task.id} of ${event.of}, which ${task.agent} has (${task.state})`);
        Object.assign(task, { state: 'open', agent: null });
        break;
      case 'task.reopened':
        this.reopen(event, task);
        break;
      case 'task.edited':
        this.edit(event, task);
        break;
      default:
    }
  }

  /** Every try that ended otherwise than by giving it back counts. */
  private reopen(event: CoordEvent, task: Standing): void {
    if (task.state !== 'taken' && task.state !== 'submitted')
      this.problems.push(`${event.id}: reopens ${task.id}, which is ${task.state}`);
    const tried = task.attempts + (event.how === 'withdrawn' || event.how === 'returned' ? 0 : 1);
    if (event.attempts !== tried)
      this.problems.push(`${event.id}: ${task.id} was tried ${tried} times, and not ${event.attempts}`);
    Object.assign(task, { state: 'open', agent: null, attempts: Number(event.attempts) });
  }

  private edit(event: CoordEvent, task: Standing): void {
    const { changed, scope, after } = event as unknown as Pick<Standing, 'scope' | 'after'> & { changed: string[] };
    Object.assign(task, {
      ...(scope === undefined ? {} : { scope }),
      ...(after === undefined ? {} : { after }),
      ...(changed.includes('attempts') ? { attempts: 0 } : {}),
    });
  }

  /** The tasks that could be taken by their own standing, as copies. */
  readyIn(): readonly Standing[] {
    const all = [...this.tasks.values()];
    const isReady = ({ state, after, attempts }: Standing) =>
      state === 'open' && attempts < ATTEMPTS && after.every((id) => this.isOver(id));
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

/** Whether it asked for any task, and did not wait: one that is named may be blocked while others are free. */
function isForAny(args: readonly string[]): boolean {
  return args.slice(2).every((word) => word.startsWith('--') && !word.startsWith('--wait'));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
