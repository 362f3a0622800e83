import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { killedAfter } from '../support/killing.js';
import { generator } from '../support/random.js';
import { FULL, sized, tally } from './support/battery.js';
import { checkBranch } from './support/history/check.js';
import { type Call, Recorder } from './support/history/client.js';
import { playWorkload } from './support/history/workload.js';

/** All but these are faults: what an agent may be told by an operation that works as it should. */
const EXPECTED = new Set([0, 3, 4, 5]);

function strange(calls: readonly Call[]): string[] {
  return calls
    .filter(({ exit }) => exit === null || !EXPECTED.has(exit))
    .map(
      ({ agent, args, exit, answer }) => `${agent} ${args.join(' ')}: exit ${exit} ${JSON.stringify(answer?.error)}`,
    );
}

/** The time in which a share of all calls was answered. */
function percentile(calls: readonly Call[], share: number): string {
  const times = calls.map(({ start, end }) => (end ?? start) - start).sort((a, b) => a - b);
  return `${Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)} ms`;
}

function figures(calls: readonly Call[]): string {
  return `p50 ${percentile(calls, 0.5)}, p99 ${percentile(calls, 0.99)}, slowest ${percentile(calls, 1)}`;
}

/** Somebody who asked for free ground and was never given any starved. */
function starving(calls: readonly Call[]): string[] {
  const agents = new Set(calls.map(({ agent }) => agent));
  const served = new Set(calls.filter(({ exit }) => exit === 0).map(({ agent }) => agent));
  return [...agents].filter((agent) => !served.has(agent)).map((agent) => `${agent} was never served`);
}

describe('many agents at once', () => {
  it.each(FULL ? [10, 50, 200] : [10])('%i agents on one host', async (agents) => {
    const fleet = await localFleet();
    const recorder = new Recorder((agent, args) => fleet.as(agent, args));
    await Promise.all(
      Array.from({ length: agents }, (_, number) => recorder.call(`agent${number}`, ['claim', `src/${number}.ts`])),
    );
    const first = [...recorder.calls];
    await Promise.all(
      Array.from({ length: agents }, (_, number) =>
        recorder.call(`agent${number}`, ['release', `src/${number}.ts`, '--uncommitted']),
      ),
    );
    const checked = checkBranch(fleet.box, fleet.clone, recorder.calls);
    expect(checked.grants).toBe(agents);
    tally({
      test: `10 ${agents} agents at once on one host`,
      tried: `${recorder.calls.length} calls`,
      bar: '0 faults, nobody starves',
      figures: figures(first),
      failures: [...strange(recorder.calls), ...starving(recorder.calls), ...checked.problems],
    });
  });

  it('with every third of them killed half-way', async () => {
    const fleet = await localFleet();
    const random = generator(5);
    const agents = sized(24, 60);
    const rounds = sized(2, 25);
    let killing: number | null = null;
    const recorder = new Recorder((agent, args) =>
      killing === null ? fleet.as(agent, args) : killedAfter(fleet.box, fleet.clone, agent, args, killing),
    );
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(
        Array.from({ length: agents }, (_, number) => {
          killing = number % 3 === 0 ? 20 + random() * 20 * agents : null;
          return recorder.call(`agent${number}`, ['claim', `src/${round}/${number}.ts`]);
        }),
      );
    }
    killing = null;
    const after = await recorder.call('agent0', ['claim', 'docs/after.md']);
    const checked = checkBranch(fleet.box, fleet.clone, recorder.calls);
    tally({
      test: `10 ${agents} agents at once, every third of them killed half-way`,
      tried: `${recorder.calls.length} calls, ${checked.unknown} of them without an answer`,
      bar: '0 faults, nothing lost or done twice',
      figures: `${checked.commits} commits`,
      failures: [
        ...strange(recorder.calls.filter(({ end }) => end !== null)),
        ...checked.problems,
        ...(after.exit === 0 ? [] : [`afterwards: exit ${after.exit}`]),
      ],
    });
  });

  it('eight clones of one remote', async () => {
    const { box, remote, clone } = await sharedFleet();
    const clones = [clone, ...Array.from({ length: sized(2, 7) }, () => box.clone(remote))];
    const recorder = new Recorder((agent, args) =>
      box.coord(clones[Number(agent.replace('agent', '')) % clones.length] ?? clone, args, {
        env: { COORD_AGENT: agent },
      }),
    );
    await playWorkload(recorder, { agents: clones.length, operations: sized(4, 25), seed: 7 });
    box.git(clone, 'fetch', '--quiet', 'origin', 'refs/coord/state:refs/remotes/origin/coord');
    const checked = checkBranch(box, clone, recorder.calls, { branch: 'refs/remotes/origin/coord' });
    tally({
      test: `10 ${clones.length} clones of one remote`,
      tried: `${recorder.calls.length} calls`,
      bar: '0 faults, nobody starves',
      figures: figures(recorder.calls),
      failures: [...strange(recorder.calls), ...starving(recorder.calls), ...checked.problems],
    });
  });

  it('in clones that share a queue, with every third of them killed half-way', async () => {
    const { box, remote, clone } = await sharedFleet();
    const clones = [clone, ...Array.from({ length: sized(2, 7) }, () => box.clone(remote))];
    const agents = clones.length * 3;
    const rounds = sized(2, 20);
    const random = generator(9);
    const placeOf = (agent: string) => clones[Number(agent.replace('agent', '')) % clones.length] ?? clone;
    let killing: number | null = null;
    const recorder = new Recorder((agent, args) =>
      killing === null
        ? box.coord(placeOf(agent), args, { env: { COORD_AGENT: agent } })
        : killedAfter(box, placeOf(agent), agent, args, killing),
    );
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(
        Array.from({ length: agents }, (_, number) => {
          killing = number % 3 === round % 3 ? 20 + random() * 60 * agents : null;
          const args = number % 5 === 4 ? ['note'] : ['claim', `src/${round}/${number}.ts`];
          return recorder.call(`agent${number}`, args);
        }),
      );
    }
    killing = null;
    const after = await Promise.all(
      clones.map((_, number) => recorder.call(`agent${number}`, ['claim', `docs/after-${number}.md`])),
    );
    box.git(clone, 'fetch', '--quiet', 'origin', 'refs/coord/state:refs/remotes/origin/coord');
    const checked = checkBranch(box, clone, recorder.calls, { branch: 'refs/remotes/origin/coord' });
    // What was granted stands in the clone that asked, where its guards look for it.
    const lacking = after.filter(({ agent, args }) => {
      const claims = box.git(placeOf(agent), 'show', 'refs/coord/state:claims.json');
      return !claims.includes(args[1] ?? '');
    });
    tally({
      test: `10 ${clones.length} clones that share a queue, every third of ${agents} processes killed half-way`,
      tried: `${recorder.calls.length} calls, ${checked.unknown} of them without an answer`,
      bar: '0 faults, nothing lost or done twice',
      figures: `${checked.commits} commits`,
      failures: [
        ...strange(recorder.calls.filter(({ end }) => end !== null)),
        ...checked.problems,
        ...after.filter(({ exit }) => exit !== 0).map(({ exit }) => `afterwards: exit ${exit}`),
        ...lacking.map(({ agent }) => `${agent} was granted what its clone does not have`),
      ],
    });
  });
});
