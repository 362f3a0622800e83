import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';
import { generator } from '../support/random.js';
import { FULL, sized, tally } from './support/battery.js';
import { type CheckedHistory, checkBranch } from './support/history/check.js';
import { Recorder } from './support/history/client.js';
import { Gossip, nextCommand } from './support/history/life.js';
import { PLANTS } from './support/history/plants.js';
import { playWorkload } from './support/history/workload.js';
import { mainWith, type PlantedBug } from './support/planted.js';

/** Agents at work in processes of their own. */
async function worked(operations: number): Promise<CheckedHistory> {
  const fleet = await localFleet();
  const recorder = new Recorder((agent, args) => fleet.as(agent, args), Date.now, true);
  await playWorkload(recorder, { agents: 6, operations, seed: 1 });
  return checkBranch(fleet.box, fleet.clone, recorder.calls, { spoken: recorder.spoken });
}

interface Play {
  readonly bugs?: readonly PlantedBug[];
  /** So many commands of each agent at a time, until the history shows something or it is enough. */
  readonly operations: number;
  readonly rounds: number;
  readonly seed: number;
  readonly isEnough?: (checked: CheckedHistory) => boolean;
}

/**
 * Six agents in two worktrees, one of which is ahead of the other, run by this process with a program that has these bugs,
 * at a clock that goes on between commands; checked against the history that they leave.
 */
async function played({ bugs = [], operations, rounds, seed, isEnough }: Play): Promise<CheckedHistory> {
  const { box, clone } = await localFleet();
  const worktree = box.worktree(clone);
  const ahead = box.commit(worktree, 'src/web/more.ts', 'more\n');
  const program = bugs.length === 0 ? {} : { main: await mainWith(box, bugs) };
  let passedMs = 0;
  const now = () => Date.now() + passedMs;
  const agents = Array.from({ length: 6 }, (_, number) => `agent${number}`);
  const placeOf = (agent: string) => (agents.indexOf(agent) % 2 === 0 ? clone : worktree);
  const recorder = new Recorder(
    (agent, args) => coordInProcess(box, placeOf(agent), args, { now, env: { COORD_AGENT: agent }, ...program }),
    now,
    true,
  );
  const gossip = new Gossip(agents, [ahead]);
  const randoms = agents.map((_, number) => generator(seed * 1000 + number));
  for (let round = 1; ; round += 1) {
    let working = true;
    const others = Promise.all(
      agents.map(async (agent, number) => {
        const random = randoms[number] ?? Math.random;
        for (let count = 0; count < operations; count += 1) {
          gossip.hear(await recorder.call(agent, nextCommand(agent, random, gossip)));
          passedMs += random() * 20_000;
        }
      }),
    ).finally(() => {
      working = false;
    });
    // Whoever waits is woken, and sees that time passes.
    while (working) {
      await recorder.call('clock', ['note']);
      passedMs += 20_000;
      await delay(20);
    }
    await others;
    const checked = checkBranch(box, clone, recorder.calls, { spoken: recorder.spoken });
    if (round === rounds || isEnough?.(checked)) return checked;
  }
}

describe('what agents were told, and the history of the branch', () => {
  it('agree, where each command is a process', async () => {
    const checked = await worked(sized(6, 100));
    tally({
      test: 'what agents were told agrees with the history',
      tried: `${checked.calls} calls, ${checked.commits} commits, ${checked.refused} refusals`,
      bar: 'nothing that does not hold',
      failures: checked.problems,
    });
    expect(checked.grants).toBeGreaterThan(0);
    expect(checked.refused).toBeGreaterThan(0);
  });

  it('agree, with all that can be done to claims, at a clock that goes on', async () => {
    const seeds = sized(1, 40);
    for (let seed = 1; seed <= seeds; seed += 1) {
      const isEnough = ({ tasks, problems }: CheckedHistory) => tasks.taken > 0 || problems.length > 0;
      const checked = await played({ operations: 40, rounds: 10, seed, isEnough });
      tally({
        test: `what agents were told agrees with the history, all commands, seed ${seed}`,
        tried: `${checked.calls} calls, ${checked.commits} commits, ${checked.refused} refusals`,
        bar: 'nothing that does not hold',
        figures: `${checked.tasks.taken} tasks taken, ${checked.tasks.done} done`,
        failures: checked.problems,
      });
      expect(checked.tasks.taken).toBeGreaterThan(0);
    }
  });

  it.each(FULL ? PLANTS : PLANTS.filter((_, number) => number % 7 === 4))(
    'disagree when %s',
    async (name, bugs, finding) => {
      const isFound = (checked: Pick<CheckedHistory, 'problems'>) => finding.test(checked.problems.join('\n'));
      const { problems, calls } = await played({ bugs, operations: 10, rounds: 40, seed: 1, isEnough: isFound });
      const found = isFound({ problems });
      tally({
        test: `the checker finds a planted bug: ${name}`,
        tried: `${calls} calls`,
        bar: 'found',
        failures: found ? [] : [`not found; told instead: ${problems.join('; ')}`],
      });
    },
  );
});
