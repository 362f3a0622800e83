import { expect, it } from 'vitest';
import { coordInProcess, NOON } from '../../support/in-process.js';
import { sandbox } from '../../support/sandbox.js';

const MINUTE = 60_000;
const TTL = 30 * MINUTE;
const TOLERANCE = 30_000;
const SKEW = 10 * MINUTE;

/** Two clones on hosts whose clocks are apart; `as` runs a command at a true time, by the clock of that clone. */
async function rig(skews: { readonly one: number; readonly two: number }) {
  const box = sandbox();
  const remote = box.bareRemote();
  const clones = { one: box.clone(remote), two: box.clone(remote) };
  const as = (agent: string, where: 'one' | 'two', time: number, ...args: readonly string[]) =>
    coordInProcess(box, clones[where], args, { now: time + skews[where], env: { COORD_AGENT: agent } });
  for (const where of ['one', 'two'] as const) expect(await as('maya', where, NOON, 'init')).toMatchObject({ code: 0 });
  return { as };
}

it('a clock that is behind takes nothing over before its time, is told by every command, and shown by status', async () => {
  const { as } = await rig({ one: 0, two: -SKEW });
  await as('maya', 'one', NOON, 'claim', 'a');
  for (const time of [NOON, NOON + TTL - 1, NOON + TTL + TOLERANCE + SKEW - 1]) {
    expect(await as('noor', 'two', time, 'claim', 'a')).toMatchObject({ code: 3 });
    expect(await as('noor', 'two', time, 'claim', 'a', '--reason', 'late')).toMatchObject({ code: 3 });
  }
  for (const args of [['claim', 'b'], ['status'], ['note', 'x'], ['release', 'b'], ['claim', 'a']]) {
    const { stderr } = await as('noor', 'two', NOON + MINUTE, ...args);
    expect([args, stderr]).toEqual([args, expect.stringContaining("this clock is behind the fleet's")]);
  }
  const { data } = (await as('noor', 'two', NOON + MINUTE, 'status', '--json')).json();
  expect(data.clock).toEqual({ agrees: false, newestStamp: new Date(NOON).toISOString(), behindSeconds: 9 * 60 });
  expect((await as('noor', 'two', NOON + MINUTE, 'status')).stdout).toContain("behind the fleet's by 9m");
  expect((await as('noor', 'one', NOON + MINUTE, 'status', '--json')).json().data.clock).toMatchObject({
    agrees: true,
  });
});

it('a holder whose clock is behind keeps its claim for the whole of its time by that clock, and is renewed by it', async () => {
  const { as } = await rig({ one: -SKEW, two: 0 });
  await as('maya', 'one', NOON, 'claim', 'a');
  // By the other clock the claim ended ten minutes early: what the tolerance cannot cover, it is not to hide.
  expect(await as('noor', 'two', NOON + TTL - SKEW + TOLERANCE - 1, 'claim', 'a')).toMatchObject({ code: 3 });
  expect(await as('maya', 'one', NOON + TTL - SKEW, 'status')).toMatchObject({ code: 0 });
  const { data } = (await as('noor', 'two', NOON + TTL, 'status', '--json')).json();
  expect(data.claims).toMatchObject([{ agent: 'maya', expired: false }]);
});

it('nobody adopts the clock of another: a stamp from the future moves no one’s time', async () => {
  const { as } = await rig({ one: SKEW, two: 0 });
  await as('maya', 'one', NOON, 'claim', 'fast');
  const claim = await as('noor', 'two', NOON, 'claim', 'b', '--json');
  expect(claim.json().data.claims[0].expiresAt).toBe(new Date(NOON + TTL).toISOString());
});
