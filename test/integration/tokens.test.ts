import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitByHand } from '../support/by-hand.js';
import { coordInProcess } from '../support/in-process.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

const NOON = Date.UTC(2026, 10, 21, 12);
const as = (agent: string, now: number) => ({ env: { COORD_AGENT: agent }, now });

async function tokensOf(box: Sandbox, clone: string, targets: readonly string[], now: number): Promise<number[]> {
  const { json } = await coordInProcess(box, clone, ['claim', ...targets, '--json'], as('maya', now));
  return json().data.claims.map(({ token }: { token: number }) => token);
}

async function fresh() {
  const box = sandbox();
  const clone = box.repository();
  box.commit(clone, 'README.md', 'hello\n');
  expect((await coordInProcess(box, clone, ['init'], as('maya', NOON))).code).toBe(0);
  return { box, clone };
}

async function recreate(box: Sandbox, clone: string, now: number): Promise<void> {
  box.git(clone, 'update-ref', '-d', 'refs/coord/state');
  expect((await coordInProcess(box, clone, ['init'], as('maya', now))).code).toBe(0);
}

describe('tokens of a branch that was deleted and made again', () => {
  it.each([
    ['a day later', 86_400_000],
    ['within the same second', 0],
    ['by a clock that jumped back a day', -86_400_000],
    ['by a clock that stands before the epoch of tokens', -NOON],
  ])('%s are larger than all before', async (_, later) => {
    const { box, clone } = await fresh();
    const before = await tokensOf(box, clone, ['a', 'b', 'c'], NOON);
    await recreate(box, clone, NOON + later);
    const [token = 0] = await tokensOf(box, clone, ['a'], NOON + later);
    expect(token).toBeGreaterThan(Math.max(...before));
  });

  it('know of tokens that another clone was given', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const [one, two] = [box.clone(remote), box.clone(remote)];
    for (const clone of [one, two]) await coordInProcess(box, clone, ['init'], as('maya', NOON));
    const before = await tokensOf(box, one, ['a', 'b', 'c'], NOON);
    await coordInProcess(box, two, ['status'], as('noor', NOON));
    box.git(two, 'push', '--quiet', 'origin', '--delete', 'refs/coord/state');
    box.git(two, 'update-ref', '-d', 'refs/coord-local/remote/origin/coord/state');
    await recreate(box, two, NOON);
    const [token = 0] = await tokensOf(box, two, ['a'], NOON);
    expect(token).toBeGreaterThan(Math.max(...before));
  });

  it('fall back to the time when the machine-local directory is gone', async () => {
    const { box, clone } = await fresh();
    const before = await tokensOf(box, clone, ['a', 'b'], NOON);
    rmSync(join(clone, '.git', 'coord'), { recursive: true });
    await recreate(box, clone, NOON + 60_000);
    const [token = 0] = await tokensOf(box, clone, ['a'], NOON + 60_000);
    expect(token).toBeGreaterThan(Math.max(...before));
  });
});

describe('a state that is behind gives out no token again', () => {
  const LATER = NOON + 3_600_000;

  it('when it was taken back from a backup, in clones that never saw what was lost', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const [one, two] = [box.clone(remote), box.clone(remote)];
    expect((await coordInProcess(box, one, ['init'], as('maya', NOON))).code).toBe(0);
    const backup = box.git(remote, 'rev-parse', 'refs/coord/state');
    const given = await tokensOf(box, one, ['a', 'b', 'c'], LATER - 1_000);
    box.git(remote, 'update-ref', 'refs/coord/state', backup);
    await coordInProcess(box, two, ['init'], as('noor', LATER));
    const [token = 0] = await tokensOf(box, two, ['a'], LATER);
    expect(token).toBeGreaterThan(Math.max(...given));
  });

  it('when a clone that is behind grants on its own word', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const [one, two] = [box.clone(remote), box.clone(remote)];
    for (const clone of [one, two]) await coordInProcess(box, clone, ['init'], as('maya', NOON));
    const given = await tokensOf(box, one, ['a', 'b'], LATER - 1_000);
    const offline = await coordInProcess(box, two, ['claim', 'c', '--offline', '--json'], as('noor', LATER));
    expect(offline.json().data.claims[0].token).toBeGreaterThan(Math.max(...given));
    const shown = (await coordInProcess(box, two, ['status', '--no-fetch', '--json'], as('noor', LATER))).json();
    expect(shown.data.claims.map(({ token }: { token: number }) => token)).toEqual([
      offline.json().data.claims[0].token,
    ]);
  });
});

it('a token that was never given out is unknown, not stale, and exit 4 all the same', async () => {
  const { box, clone } = await fresh();
  const [token = 0] = await tokensOf(box, clone, ['a'], NOON);
  const verify = async (asked: number) =>
    (await coordInProcess(box, clone, ['verify-token', 'a', String(asked), '--json'], as('noor', NOON))).json().error;
  expect(await verify(token + 1)).toMatchObject({ exit: 4, details: { reason: 'unknown' } });
  expect((await verify(token + 1)).message).toMatch(/^unknown: /);
  expect((await verify(token - 1)).message).toMatch(/^stale: /);
});

it('at the end of their range, which somebody wrote by hand, nothing is written that could not be read', async () => {
  const { box, clone } = await fresh();
  const text = box.git(clone, 'show', 'refs/coord/state:claims.json');
  const forged = text.replace(/"lastToken": ?\d+/, `"lastToken": ${Number.MAX_SAFE_INTEGER}`);
  const tip = commitByHand(box, clone, { 'claims.json': `${forged}\n` });
  const claim = await coordInProcess(box, clone, ['claim', 'a', '--json'], as('maya', NOON));
  expect(claim.json().error).toMatchObject({ exit: 8, details: { reason: 'range' } });
  expect(box.git(clone, 'rev-parse', 'refs/coord/state')).toBe(tip);
  expect((await coordInProcess(box, clone, ['status'], as('maya', NOON))).code).toBe(0);
});
