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
  const stamp = { newestStamp: new Date(NOON).toISOString(), behindSeconds: 9 * 60 };
  expect(data.clock).toEqual({ agrees: false, ...stamp, ahead: ['maya'], wrong: 'either' });
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

it('a host that is a year ahead is named by those who agree with each other, and stops none of them', async () => {
  const YEAR = 366 * 86_400_000;
  const { as } = await rig({ one: YEAR, two: 0 });
  for (const agent of ['noor', 'kim', 'lee']) await as(agent, 'two', NOON, 'claim', agent);
  await as('maya', 'one', NOON, 'claim', 'fast');
  const noor = await as('noor', 'two', NOON + MINUTE, 'status');
  const words = 'the clock of maya is ahead of this one, with which kim, lee agree';
  expect(noor.stderr).toContain(words);
  expect(noor.stderr).not.toContain("this clock is behind the fleet's");
  expect(noor.stdout).toContain('clock: that of maya is ahead by');
  expect((await as('noor', 'two', NOON + MINUTE, 'doctor')).stdout).toContain('the clock of maya is ahead');
  // What is over by the clocks that agree is taken over all the same; what was stamped ahead is not.
  const late = NOON + TTL + TOLERANCE + MINUTE;
  for (const agent of ['kim', 'lee', 'ola']) await as(agent, 'two', late - MINUTE, 'claim', `${agent}-2`);
  expect(await as('ola', 'two', late, 'claim', 'noor', '--allow-behind')).toMatchObject({ code: 0 });
  expect(await as('ola', 'two', late, 'claim', 'fast')).toMatchObject({ code: 3 });
  // The host itself, whose clock is ahead, sees all of theirs as over; nobody can tell it from a quiet fleet.
  expect((await as('noor', 'two', late, 'status', '--json')).json().data.clock).toMatchObject({ wrong: 'there' });
});

it('a clock that several are ahead of, and none agrees with, is the one to set', async () => {
  const { as } = await rig({ one: 0, two: -2 * 3_600_000 });
  for (const agent of ['maya', 'kim']) await as(agent, 'one', NOON, 'claim', agent);
  const { stderr } = await as('noor', 'two', NOON + MINUTE, 'status');
  expect(stderr).toMatch(/this clock is behind the fleet's \(by .*\): set it/);
});
