import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { EXIT_TABLE } from '../../src/errors.js';
import { refused } from '../integration/sync/rig.js';
import { sandbox } from '../support/sandbox.js';
import { MATRIX, NAIVE_SCRIPT, type Reason, type Row, scene } from '../support/sync-matrix.js';

/** Every reason that the program has, and its exit code. */
const EXITS: Readonly<Record<Reason, 5 | 7>> = {
  ...{ behind: 5, diverged: 5, rewound: 5, rewritten: 5, dirty: 5, submodule: 5 },
  ...{ unborn: 7, interrupted: 7, 'no-remote': 7, 'no-branch': 7, 'fetch-failed': 7, shallow: 7, unrelated: 7 },
};

function setUp({ make }: Row) {
  const box = sandbox();
  const made = scene(box);
  return { box, cwd: make(made) ?? made.clone };
}

const HANGING = MATRIX.filter(({ fools }) => fools === null);
const ENDING = MATRIX.filter(({ fools }) => fools !== null);

describe('coord sync-check', () => {
  it.each(ENDING)('$name: $reason', async (row) => {
    const { box, cwd } = setUp(row);
    const args = ['sync-check', ...(row.args ?? [])];
    const words = await box.coord(cwd, args);
    const data = await box.coord(cwd, [...args, '--json']);
    if (row.reason === null) {
      expect([words.code, words.stdout.startsWith('in sync: '), data.json().data.inSync]).toEqual([0, true, true]);
      return;
    }
    const exit = EXITS[row.reason];
    expect([words.code, words.stdout]).toEqual([exit, '']);
    expect(words.stderr).not.toContain('in sync');
    expect(words.stderr).toContain('next: ');
    expect(words.stderr).toContain(row.says ?? '');
    const { ok, error } = data.json();
    const { code } = EXIT_TABLE[exit];
    expect([data.code, ok, error]).toEqual([exit, false, expect.objectContaining({ code, exit })]);
    expect(error.details).toMatchObject({ reason: row.reason, inSync: false });
  });

  it.each(HANGING)('$name: $reason', async (row) => {
    const { box, cwd } = setUp(row);
    // The program waits half a minute.
    const { code, reason, message } = await refused(box, cwd, { timeoutMs: 500 });
    expect([code, reason, message]).toEqual(['unavailable', row.reason, expect.stringContaining(row.says ?? '')]);
  });

  it('each reason that it can give is a row of the matrix', () => {
    const shown = new Set(MATRIX.map(({ reason }) => reason));
    expect(Object.keys(EXITS).filter((reason) => !shown.has(reason as Reason))).toEqual([]);
  });
});

// Otherwise a row could be no trap at all.
describe('the script of four lines', () => {
  it.each(ENDING)('$name: says "in sync": $fools', (row) => {
    const { box, cwd } = setUp(row);
    const { status, stdout } = spawnSync('sh', ['-c', NAIVE_SCRIPT], { cwd, env: box.env, encoding: 'utf8' });
    expect([status === 0, stdout]).toEqual(row.fools ? [true, 'in sync\n'] : [false, '']);
  });
});

it('two worktrees that check at once both know', async () => {
  const box = sandbox();
  const { clone, push } = scene(box);
  const second = box.worktree(clone);
  const check = () =>
    Promise.all([clone, second, clone, second].map((cwd) => box.coord(cwd, ['sync-check', '--json'])));
  expect((await check()).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  push('a');
  const found = await check();
  expect(found.map(({ code, json }) => [code, json().error.details.behind])).toEqual(Array(4).fill([5, 1]));
});
