import fc from 'fast-check';
import { expect } from 'vitest';
import type { Real } from './commands.js';
import { AGENTS, type ModelAgent } from './model.js';

/** The tasks of the model: which ground each is on, said by hand, and what comes before it. */
export const TASKS = [
  { id: 't1', scope: 'src/api', overlaps: ['t1', 't2'], after: null },
  { id: 't2', scope: 'src/api/users.ts', overlaps: ['t1', 't2'], after: null },
  { id: 't3', scope: 'docs', overlaps: ['t3'], after: 't1' },
] as const;
type TaskId = (typeof TASKS)[number]['id'];

interface ModelTask {
  readonly id: TaskId;
  state: 'open' | 'taken' | 'done';
  agent: ModelAgent | null;
  attempts: number;
  expires: number;
  /** Who has had it. */
  readonly had: Set<ModelAgent>;
}

const TTL = 1_800;
const TOLERANCE = 30;
const ATTEMPTS = 3;

/** What coord promises of tasks, as simply as it can be said: a list, and a clock. */
export class TaskModel {
  now = 0;
  readonly killed = new Set<ModelAgent>();
  readonly tasks: ModelTask[] = TASKS.map(({ id }) => {
    return { id, state: 'open', agent: null, attempts: 0, expires: 0, had: new Set() };
  });

  /** Brings it up to the clock: what is over by more than the tolerance is open again. */
  settle(): void {
    for (const task of this.tasks) {
      if (task.state === 'taken' && task.expires + TOLERANCE <= this.now) this.reopen(task, 1);
    }
  }

  reopen(task: ModelTask, attempts: number): void {
    Object.assign(task, { state: 'open', agent: null, attempts: task.attempts + attempts });
  }

  task(id: TaskId): ModelTask {
    return this.tasks.find((task) => task.id === id) as ModelTask;
  }

  isLive(task: ModelTask): boolean {
    return task.state === 'taken' && task.expires > this.now;
  }

  mine(agent: ModelAgent): ModelTask | undefined {
    return this.tasks.find((task) => task.agent === agent && this.isLive(task));
  }

  isReady(task: ModelTask): boolean {
    const after = TASKS.find(({ id }) => id === task.id)?.after ?? null;
    return task.state === 'open' && task.attempts < ATTEMPTS && (after === null || this.task(after).state === 'done');
  }

  /** Whether no other agent has a task on that ground. */
  isFree(task: ModelTask, agent: ModelAgent): boolean {
    const on: readonly string[] = TASKS.find(({ id }) => id === task.id)?.overlaps ?? [];
    return !this.tasks.some((other) => other.state === 'taken' && other.agent !== agent && on.includes(other.id));
  }

  give(task: ModelTask, agent: ModelAgent): number {
    task.had.add(agent);
    Object.assign(task, { state: 'taken', agent, expires: Math.max(task.expires, this.now + TTL) });
    return 0;
  }

  keepAlive(agent: ModelAgent): void {
    for (const task of this.tasks) {
      if (task.agent === agent && this.isLive(task) && task.expires - this.now < TTL / 2) task.expires = this.now + TTL;
    }
  }
}

type Command = fc.AsyncCommand<TaskModel, Real>;

abstract class Act implements Command {
  constructor(
    readonly agent: ModelAgent,
    readonly worktree: number,
    readonly id: TaskId,
  ) {}

  check(): boolean {
    return true;
  }

  protected abstract words(): string[];
  /** Changes the model; returns the exit code that must be seen. */
  protected abstract predict(model: TaskModel): number;

  async run(model: TaskModel, real: Real): Promise<void> {
    model.settle();
    const exit = model.killed.has(this.agent) ? 6 : this.predict(model);
    const result = await real.run(this.agent, this.worktree, [...this.words(), '--json']);
    expect([this.toString(), result.code, result.code === exit ? '' : result.stdout]).toEqual([
      this.toString(),
      exit,
      '',
    ]);
    if (!model.killed.has(this.agent)) model.keepAlive(this.agent);
    await sameTasks(model, real, this.toString());
  }

  toString(): string {
    return `${this.agent}@${this.worktree}: ${this.words().join(' ')}`;
  }
}

async function sameTasks(model: TaskModel, real: Real, after: string): Promise<void> {
  model.settle();
  const list = await real.run('looker', 0, ['task', 'list', '--json']);
  const seen = (list.json().data.tasks as (ModelTask & { ready: boolean })[]).map(
    ({ id, state, agent, attempts, ready }) => `${id} ${state} ${agent} ${attempts} ${ready}`,
  );
  const predicted = model.tasks.map((task) => {
    return `${task.id} ${task.state} ${task.agent} ${task.attempts} ${model.isReady(task)}`;
  });
  expect([after, seen]).toEqual([after, predicted]);
}

class TakeNext extends Act {
  protected words() {
    return ['task', 'take'];
  }

  protected predict(model: TaskModel) {
    const lapsed = model.tasks.find((task) => task.state === 'taken' && task.agent === this.agent);
    const mine = model.mine(this.agent) ?? lapsed;
    const next = mine ?? model.tasks.find((task) => model.isReady(task) && model.isFree(task, this.agent));
    return next ? model.give(next, this.agent) : 3;
  }
}

class Take extends Act {
  protected words() {
    return ['task', 'take', this.id];
  }

  protected predict(model: TaskModel) {
    const task = model.task(this.id);
    const mine = model.mine(this.agent);
    if (mine && mine !== task) return 2;
    if (task.state === 'done') return mine === task ? 0 : 2;
    const isOwn = task.state === 'taken' && task.agent === this.agent;
    if (!isOwn && (!model.isFree(task, this.agent) || !model.isReady(task))) return 3;
    return model.give(task, this.agent);
  }
}

class Return extends Act {
  protected words() {
    return ['task', 'return', this.id];
  }

  protected predict(model: TaskModel) {
    const task = model.task(this.id);
    if (task.agent === this.agent && model.isLive(task)) {
      model.reopen(task, 0);
      return 0;
    }
    return task.state === 'taken' && task.agent !== this.agent ? 6 : 4;
  }
}

class Done extends Act {
  protected words() {
    return ['task', 'done', this.id];
  }

  protected predict(model: TaskModel) {
    const task = model.task(this.id);
    if (task.state === 'done') return task.agent === this.agent ? 0 : 4;
    const again = task.state === 'open' && task.had.has(this.agent) && model.isFree(task, this.agent);
    if (task.agent !== this.agent && !again) return 4;
    Object.assign(task, { state: 'done', agent: this.agent });
    return 0;
  }
}

class Stop implements Command {
  constructor(
    readonly agent: ModelAgent,
    readonly kills: boolean,
  ) {}

  check(model: Readonly<TaskModel>) {
    return model.killed.has(this.agent) !== this.kills;
  }

  async run(model: TaskModel, real: Real) {
    model.settle();
    const words = this.kills ? ['kill', this.agent, '--reason', 'model'] : ['revive', this.agent];
    expect((await real.run('boss', 0, ['agent', ...words])).code).toBe(0);
    if (this.kills) {
      model.killed.add(this.agent);
      for (const task of model.tasks) if (task.state === 'taken' && task.agent === this.agent) model.reopen(task, 1);
    } else model.killed.delete(this.agent);
    await sameTasks(model, real, this.toString());
  }

  toString() {
    return `boss: agent ${this.kills ? 'kill' : 'revive'} ${this.agent}`;
  }
}

class Pass implements Command {
  constructor(
    readonly which: number,
    readonly seconds: number,
  ) {}

  check() {
    return true;
  }

  /** The clock goes to where something is decided, around the end of a lease; or only on. */
  async run(model: TaskModel, real: Real) {
    const task = model.tasks.filter(({ state }) => state === 'taken')[this.which];
    const to = task ? task.expires + this.seconds - model.now : this.seconds;
    const seconds = to > 0 ? to : 400;
    model.now += seconds;
    real.pass(seconds);
    await sameTasks(model, real, this.toString());
  }

  toString() {
    return `the clock goes to ${this.seconds}s after the end of lease ${this.which}`;
  }
}

const act = fc.tuple(fc.constantFrom(...AGENTS), fc.constantFrom(0, 1), fc.constantFrom(...TASKS.map(({ id }) => id)));

/** Everything that an agent can do to tasks, in any order. */
export const TASK_COMMANDS = fc.commands(
  [
    act.map((args) => new TakeNext(...args)),
    act.map((args) => new TakeNext(...args)),
    act.map((args) => new Take(...args)),
    act.map((args) => new Return(...args)),
    act.map((args) => new Done(...args)),
    fc.tuple(fc.constantFrom(...AGENTS), fc.boolean()).map((args) => new Stop(...args)),
    fc.tuple(fc.nat(1), fc.constantFrom(-1, 0, 1, 29, 30, 31)).map((args) => new Pass(...args)),
    fc.tuple(fc.nat(1), fc.constantFrom(30, 40)).map((args) => new Pass(...args)),
    fc.tuple(fc.nat(1), fc.constantFrom(30, 40)).map((args) => new Pass(...args)),
  ],
  { maxCommands: 14 },
);
