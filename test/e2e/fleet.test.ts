import { describe, expect, it } from 'vitest';
import { replayHistory } from '../battery/support/history/replay.js';
import { localFleet } from '../support/fleet.js';
import { generator, type Random } from '../support/random.js';

const AGENTS = Number(process.env.COORD_FLEET_AGENTS ?? 5);
const OPERATIONS = Number(process.env.COORD_FLEET_OPERATIONS ?? 12);
const SEED = Number(process.env.COORD_FLEET_SEED ?? 1);

const TARGETS = ['src/api', 'src/api/users.ts', 'src/web/**', 'src/**/*.ts', '@db/main', 'docs', 'src/*/users.ts'];
/** What an agent may be told by an operation that works as it should. */
const EXPECTED = new Set([0, 2, 3, 4, 5, 6, 9]);

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** What an agent may do next, each with its share of all operations. */
const OPERATIONS_BY_SHARE: readonly (readonly [share: number, make: (random: Random) => string[]])[] = [
  [0.25, (random) => ['claim', pick(TARGETS, random)]],
  [0.1, (random) => ['claim', pick(TARGETS, random), '--shared']],
  [0.15, (random) => ['claim', pick(TARGETS, random), pick(TARGETS, random), '--wait=1s', '--expect=1s']],
  [0.25, () => ['release', '--all', '--uncommitted']],
  [0.1, () => ['renew']],
  [0.07, (random) => ['claim', pick(TARGETS, random), '--take-over', '--reason', 'test']],
  [0.04, (random) => ['agent', 'kill', `agent${Math.floor(random() * AGENTS)}`, '--reason', 'test']],
  [0.04, (random) => ['agent', 'revive', `agent${Math.floor(random() * AGENTS)}`]],
];

function nextOperation(random: Random): string[] {
  let left = random();
  for (const [share, make] of OPERATIONS_BY_SHARE) {
    if (left < share) return make(random);
    left -= share;
  }
  return ['renew'];
}

describe('a fleet at work', () => {
  it(`${AGENTS} agents with ${OPERATIONS} operations each: no two conflicting holders at any instant`, async () => {
    const fleet = await localFleet();
    const worktrees = [fleet.clone, fleet.box.worktree(fleet.clone), fleet.box.worktree(fleet.clone)];
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    const codes = new Map<string, number>();
    const strange: string[] = [];
    const operate = async (agent: string, cwd: string, random: Random) => {
      const args = nextOperation(random);
      const result = await fleet.as(args[0] === 'agent' ? 'boss' : agent, [...args, '--json'], { cwd });
      const outcome = `${args[0]} ${result.code}`;
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
      if (!EXPECTED.has(result.code))
        strange.push(`${args.join(' ')}: ${result.code} ${result.stdout}${result.stderr}`);
    };
    await Promise.all(
      Array.from({ length: AGENTS }, async (_, index) => {
        const random = generator(SEED * 1000 + index);
        for (let count = 0; count < OPERATIONS; count += 1) {
          await operate(`agent${index}`, worktrees[index % worktrees.length] ?? fleet.clone, random);
        }
      }),
    );
    expect(strange).toEqual([]);
    const replay = replayHistory(fleet.box, fleet.clone);
    expect(replay.problems).toEqual([]);
    expect(replay.grants).toBeGreaterThan(0);
    const status = await fleet.as('boss', ['status', '--json', '--no-fetch']);
    const held = status.json().data.claims.map(({ id }: { id: string }) => id);
    expect([...replay.held].sort()).toEqual(held.sort());
    expect(fleet.box.tryGit(fleet.clone, 'fsck', '--strict').code).toBe(0);
    if (process.env.COORD_FLEET_SHOW) {
      console.log({ commits: replay.commits, events: replay.events, grants: replay.grants }, Object.fromEntries(codes));
    }
  });
});
