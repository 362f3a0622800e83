import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';

const STRESS = fileURLToPath(new URL('../../scripts/stress.mjs', import.meta.url));
const ROUNDS = 2;

describe('twenty processes at once, in two worktrees of one clone', () => {
  it(`claim one path: one holds it; claim twenty: all hold (npm run stress, ${ROUNDS} rounds of each)`, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [STRESS, '--rounds', String(ROUNDS)], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const rows = stdout.trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 3))).toEqual([
      ['20 processes, one path', String(ROUNDS), '0'],
      ['20 processes, different paths', String(ROUNDS), '0'],
    ]);
    expect(status).toBe(0);
  });

  it('claim and release again and again: nothing is lost, no token is given twice', async () => {
    const { box, clone, as } = await localFleet();
    const worktree = box.worktree(clone);
    const agents = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(
      agents.map(async (agent, index) => {
        const cwd = index % 2 === 0 ? clone : worktree;
        for (let round = 0; round < 3; round += 1) {
          expect((await as(agent, ['claim', `src/${agent}-${round}`, '@shared'], { cwd })).code).toBeOneOf([0, 3]);
          expect((await as(agent, ['claim', `src/${agent}-${round}`], { cwd })).code).toBe(0);
          expect((await as(agent, ['release', '--all'], { cwd })).code).toBe(0);
        }
        expect((await as(agent, ['claim', `src/${agent}-last`], { cwd })).code).toBe(0);
      }),
    );
    const status = await as('looker', ['status', '--json']);
    const held = status.json().data.claims.map((claim: { target: string }) => claim.target);
    expect(held.sort()).toEqual(agents.map((agent) => `src/${agent}-last`));
    const events = box
      .git(clone, 'log', '--reverse', '--format=%b', 'coord/state')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const tokens = events.filter(({ type }) => type === 'claim.granted').map(({ token }) => token);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens).toEqual([...tokens].sort((one, other) => one - other));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(box.git(clone, 'fsck', '--strict', '--no-dangling')).toBe('');
  });

  it('start sessions in one worktree: none fails, and none is forgotten', async () => {
    const { box, clone, as } = await localFleet();
    const agents = Array.from({ length: 8 }, (_, index) => `s${index}`);
    const started = await Promise.all(agents.map((agent) => as(agent, ['session', 'start'])));
    expect(started.map(({ code }) => code)).toEqual(agents.map(() => 0));
    // Nobody is guessed: all of them could be meant.
    const nameless = await box.coord(clone, ['renew', '--json']);
    expect([nameless.code, nameless.json().error.details.candidates]).toEqual([2, agents]);
  });
});
