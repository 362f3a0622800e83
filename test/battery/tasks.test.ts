import { expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';
import { killedAfter } from '../support/killing.js';
import { generator } from '../support/random.js';
import type { Sandbox } from '../support/sandbox.js';
import { sized, tally } from './support/battery.js';
import type { BranchCommit } from './support/history/branch.js';
import { checkBranch, type Placed, windowsOf } from './support/history/check.js';
import { type Call, isUnknown, Recorder } from './support/history/client.js';
import { indexHistory } from './support/history/index-of.js';
import { place } from './support/history/place.js';
import { replayCommits } from './support/history/replay.js';
import { checkTasks } from './support/history/tasks.js';

/** As many tasks, and agents that take them; COORD_TASK_AGENTS and COORD_TASKS set others. */
const AGENTS = Number(process.env.COORD_TASK_AGENTS ?? sized(9, 100));
const TASKS = Number(process.env.COORD_TASKS ?? sized(18, 300));
const ALL = 'origin/state';
/** So often in a row an agent asks without success before it gives up. */
const MOST_IDLE = 200;

/** So many commands run at once: the machine is not what is tested. */
const AT_ONCE = 12;
/** So many agents have the program wait for them; the others are woken here when a task has ended. */
const WAITING = 3;

/** Lets so many go on at once, in the order in which they came. */
class Slots {
  private free = AT_ONCE;
  private readonly queue: (() => void)[] = [];

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free === 0) await new Promise<void>((resolve) => this.queue.push(resolve));
    else this.free -= 1;
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

/** Agents that have nothing to do sleep here until a task has ended, or all of them do. */
class Bench {
  private sleeping: (() => void)[] = [];

  /** @param whenIdle called before all are woken because nobody was left awake */
  constructor(
    private awake: number,
    private readonly whenIdle: () => void,
  ) {}

  async sleep(): Promise<void> {
    this.awake -= 1;
    if (this.awake > 0) await new Promise<void>((resolve) => this.sleeping.push(resolve));
    else {
      this.whenIdle();
      this.wake(Number.POSITIVE_INFINITY);
    }
    this.awake += 1;
  }

  /** As many as can ask at once; the others when those have found something, or nobody has. */
  wake(most = AT_ONCE): void {
    for (const resolve of this.sleeping.splice(0, most)) resolve();
  }

  leave(): void {
    this.awake -= 1;
    this.wake();
  }
}

/** So many tasks end between the moments at which a clone is cut off from the remote, and as many later it is back. */
const PARTED_FOR = Math.max(2, Math.round(TASKS / 30));

/** Clones that are cut off from their remote in turn, one at a time, by how far the work has come. */
class Partitions {
  private ended = 0;
  private cut: string | null = null;
  count = 0;

  constructor(
    private readonly box: Sandbox,
    private readonly clones: readonly string[],
    private readonly remote: string,
  ) {}

  taskEnded(): void {
    this.ended += 1;
    if (this.ended % PARTED_FOR !== 0) return;
    if (this.cut === null) this.part(this.clones[this.count % this.clones.length] ?? '');
    else this.heal();
  }

  private part(clone: string): void {
    this.box.git(clone, 'remote', 'set-url', 'origin', this.box.path('out-of-reach.git'));
    this.cut = clone;
    this.count += 1;
  }

  heal(): void {
    if (this.cut !== null) this.box.git(this.cut, 'remote', 'set-url', 'origin', this.remote);
    this.cut = null;
  }
}

/** Tasks whose ground overlaps that of others, and of which some come after others, as a plan in JSON lines. */
function planOf(count: number, random: () => number): string {
  const grounds = ['src/**', 'src/api/**', 'src/web/**', 'src/**/*.ts', 'docs/**', 'docs/guide.md', '@db/main'];
  const pick = (most: number) => Math.floor(random() * most);
  const lines = Array.from({ length: count }, (_, index) => {
    const own = `part${pick(count)}/file.ts`;
    const scope = random() < 0.25 ? [grounds[pick(grounds.length)]] : [own];
    const after = random() < 0.4 && index > 0 ? [`k${pick(index)}`] : [];
    return JSON.stringify({ id: `k${index}`, title: `task ${index}`, scope, after, priority: pick(4) });
  });
  return `${lines.join('\n')}\n`;
}

it('many agents take tasks on overlapping ground, in three clones, while some are killed and clones are cut off', async () => {
  const { box, clone, remote } = await sharedFleet();
  const clones = [clone, box.clone(remote), box.clone(remote)];
  const random = generator(11);
  box.write(box.directory, 'plan', planOf(TASKS, random));
  const placeOf = (agent: string) => clones[Number(agent.replace('agent', '')) % clones.length] ?? clone;
  let killing = 0;
  const slots = new Slots();
  const partitions = new Partitions(box, clones, remote);
  const bench = new Bench(AGENTS, () => partitions.heal());
  const recorder = new Recorder((agent, args) => {
    const kills = args[1] !== 'list' && random() < killing;
    if (kills) return killedAfter(box, placeOf(agent), agent, args, 30 + random() * 150 * AT_ONCE);
    return box.coord(placeOf(agent), args, { env: { COORD_AGENT: agent } });
  });
  const call = (agent: string, ...words: string[]) => slots.run(() => recorder.call(agent, ['task', ...words]));
  const added = await recorder.call('agent0', ['task', 'add', '--from', box.path('plan')]);
  expect(added.exit).toBe(0);

  /** An agent takes what there is, until nothing is left to do, however often one of its commands is killed. */
  const work = async (agent: string): Promise<void> => {
    for (let idle = 0; idle < MOST_IDLE; idle += 1) {
      const { exit, answer } = await take(agent);
      if (exit === 0) {
        await finish(agent, answer?.data.task.id);
        idle = 0;
      } else if (exit === 3) {
        const { reason, taken = [] } = answer?.error.details ?? {};
        if (reason === 'none' && taken.length === 0) break;
        await bench.sleep();
      } else if (exit === 7) await bench.sleep();
    }
    bench.leave();
  };
  const finish = async (agent: string, id: string): Promise<void> => {
    let done: Call;
    for (;;) {
      done = await call(agent, 'done', id, '--result', `by ${agent}`);
      if (!isUnknown(done)) break;
      // Killed, or cut off: it has its task until it can say so.
      if (done.exit === 7) await bench.sleep();
    }
    partitions.taskEnded();
    bench.wake();
  };
  const take = async (agent: string): Promise<Call> => {
    const first = await call(agent, 'take');
    const busy = first.exit === 3 && (first.answer?.error.details.taken?.length ?? 1) > 0;
    const waits = busy && Number(agent.replace('agent', '')) < WAITING;
    if (!waits) return first;
    // A command that waits leaves the machine to the others.
    const waited = await recorder.call(agent, ['task', 'take', '--wait=20s']);
    if (waited.exit === 9) {
      // In vain: those who could go on sleep in a clone that is cut off.
      partitions.heal();
      bench.wake();
    }
    return waited;
  };
  killing = 0.05;
  await Promise.all(Array.from({ length: AGENTS }, (_, number) => work(`agent${number}`)));
  killing = 0;
  partitions.heal();

  const list = await recorder.call('agent0', ['task', 'list']);
  const left = list.answer?.data.tasks.filter(({ state }: { state: string }) => state !== 'done') ?? [];
  box.git(clone, 'fetch', '--quiet', 'origin', `refs/coord/state:refs/remotes/${ALL}`);
  const checked = checkBranch(box, clone, recorder.calls, { branch: `refs/remotes/${ALL}` });
  const { tasks } = checked;
  const strange = recorder.calls.filter(({ exit }) => exit !== null && ![0, 3, 7, 9].includes(exit));
  const killed = recorder.calls.filter(({ end }) => end === null).length;
  const apart = recorder.calls.filter(({ exit }) => exit === 7).length;
  tally({
    test: `13 ${AGENTS} agents in three clones take ${TASKS} tasks on overlapping ground, in order`,
    tried:
      `${recorder.calls.length} calls, ${killed} of them killed; ${tasks.refused} were refused; ` +
      `${partitions.count} partitions, met by ${apart} calls`,
    bar: 'no task twice, no ground twice, in order, nobody idle without need, all done',
    figures: `${tasks.taken} taken, ${tasks.done} done, ${checked.commits} commits`,
    failures: [
      ...checked.problems,
      ...left.map(({ id, state }: { id: string; state: string }) => `${id} is ${state} in the end`),
      ...strange.map(({ agent, args, exit, answer }) => `${agent} ${args.join(' ')}: ${exit} ${answer?.error.message}`),
    ],
  });
}, 3_600_000);

const TASK = { scope: ['src/**'], after: [] };

/** A history of one event a commit, as the checker reads it. */
function historyOf(...events: readonly Record<string, unknown>[]): BranchCommit[] {
  return events.map((event, index) => {
    const facts = { id: `op${index}.1`, at: '2026-11-21T12:00:00.000Z', session: null, ...event };
    const commit = { id: `c${index}`, parents: [], author: 'maya', subject: 'x', operations: [`op${index}`] };
    return {
      ...commit,
      events: [facts],
      lastToken: 0,
      claims: [],
      waiters: [],
      releases: [],
    } as unknown as BranchCommit;
  });
}

const added = (task: string, facts: object = {}) => ({ type: 'task.added', agent: 'boss', task, ...TASK, ...facts });
const took = (agent: string, task: string, attempt = 1) => ({ type: 'task.taken', agent, task, attempt });
const ended = (agent: string, task: string) => ({ type: 'task.done', agent, task });

it.each([
  ['a task taken twice', [added('t1'), took('maya', 't1'), took('noor', 't1')], /takes t1, which is taken \(maya\)/],
  [
    'overlapping ground of two',
    [added('t1'), added('t2', { scope: ['src/a.ts'] }), took('maya', 't1'), took('noor', 't2')],
    /takes t2 while maya has t1 on that ground/,
  ],
  ['an order that is broken', [added('t1'), added('t2', { after: ['t1'] }), took('maya', 't2')], /before t1 is done/],
  ['a task that another ends', [added('t1'), took('maya', 't1'), ended('noor', 't1')], /noor ends t1, which maya has/],
  [
    'one that is ended twice',
    [added('t1'), took('maya', 't1'), ended('maya', 't1'), ended('maya', 't1')],
    /ends done t1/,
  ],
  ['an attempt that is not counted', [added('t1'), took('maya', 't1', 2)], /is not attempt 1/],
])('the checker finds %s', (_, events, problem) => {
  expect(checkTasks(historyOf(...events), []).problems).toContainEqual(expect.stringMatching(problem));
});

it('the checker finds an agent that is refused while a task is ready and free, and no other', () => {
  const refused = (agent: string, last: number): Placed => {
    const answer = { error: { details: { reason: 'none' } } } as unknown as Call['answer'];
    const call = { mark: 'x', agent, verb: 'task take', args: ['task', 'take'], start: 1, end: 2, endedAt: null };
    const refusal = { ...call, exit: 3, answer, requestId: null } satisfies Call;
    return { call: refusal, operation: null, window: [0, last] } satisfies Placed;
  };
  const idle = checkTasks(historyOf(added('t1')), [refused('noor', 0)]);
  expect([idle.refused, idle.problems]).toEqual([
    1,
    [expect.stringContaining('noor was refused (none), though t1 was free')],
  ]);
  const busy = historyOf(added('t1'), took('maya', 't1'), added('t2', { after: ['t1'] }));
  const last = busy.slice(1).map((commit) => ({ ...commit, parents: [] }));
  expect(checkTasks([...busy.slice(0, 1), ...last], [refused('noor', 2)]).problems).toEqual([]);
  expect(
    checkTasks(historyOf(added('t1'), took('maya', 't1'), ended('maya', 't1')), [refused('noor', 2)]).problems,
  ).toEqual([]);
});

it('the checker puts an answer that was repeated where it was first given', () => {
  const about = { mark: 'x', verb: 'task take', args: ['task', 'take'], endedAt: null, requestId: null };
  const answer = { data: { task: { id: 't1' }, claims: [{ token: 7 }], again: true } } as unknown as Call['answer'];
  const again: Call = { ...about, agent: 'maya', start: 5, end: 6, exit: 0, answer };
  const none = { error: { details: { reason: 'none' } } } as unknown as Call['answer'];
  const refused: Call = { ...about, agent: 'noor', start: 3, end: 4, exit: 3, answer: none };
  // Noor may have been refused after Maya's first call, whose answer was lost; that she asks again tells nothing of when.
  const history = historyOf(added('t1'), { ...took('maya', 't1'), token: 7 });
  const index = indexHistory(replayCommits(history).operations, []);
  const found = [refused, again].map((call) => ({ call, operation: place(call, index, []) }));
  expect(found.map(({ operation }) => operation)).toEqual([null, null]);
  expect(checkTasks(history, windowsOf(found, history.length)).problems).toEqual([]);
});

it('the checker finds an answer about a task that the history does not bear out', () => {
  const history = historyOf(added('t1'));
  const index = indexHistory(replayCommits(history).operations, []);
  const about = { mark: 'x', agent: 'maya', start: 1, end: 2, endedAt: null, exit: 0, requestId: null };
  const ask = (verb: string, data: object): string[] => {
    const problems: string[] = [];
    const answer = { data } as unknown as Call['answer'];
    place({ ...about, verb, args: verb.split(' '), answer }, index, problems);
    return problems;
  };
  const claims = [{ id: 'c1', token: 7, target: '@task/t1', agent: 'maya', mode: 'exclusive', expiresAt: 'x' }];
  expect(ask('task take', { task: { id: 't1' }, claims, again: false })).toEqual([
    expect.stringContaining('c1 stands 0 times'),
  ]);
  expect(ask('task done', { task: { id: 't1' }, released: claims })).toEqual([
    expect.stringContaining('c1 stands 0 times'),
  ]);
  expect(ask('task add', { tasks: [{ id: 't1' }, { id: 't2' }] })).toEqual([
    expect.stringContaining('task.added of t2 stands 0 times'),
  ]);
});
