import { expect, it } from 'vitest';
import { addSeconds } from '../../src/domain/time.js';
import { commitByHand } from '../support/by-hand.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import { waiterRecord } from '../support/records.js';

/** Agents that run commands in one worktree at a time that the test sets; each answer is the command's data and notices. */
function agentsIn({ box, clone }: Fleet) {
  const { clock, run } = inProcess(box);
  const act = async (agent: string, ...args: string[]) => {
    const result = await run(agent, clone, [...args, '--json']);
    const { data, notices = [], error } = result.json();
    return { code: result.code, data, error, notices, stderr: result.stderr };
  };
  return { clock, act };
}

const ASK = ['note', 'split src/api?', '--kind', 'proposal', '--needs-ack', 'noor,omar', '--by', '10m'];

it('who owes an answer is told by every command, until when, and how to give it', async () => {
  const { clock, act } = agentsIn(await localFleet());
  const [note] = (await act('maya', ...ASK)).data.notes;
  expect(note.answerBy).toBe(addSeconds(note.at, 600));
  const owed = expect.stringMatching(
    /^maya waits for your answer to n1 until \S+: "split src\/api\?": coord ack n1, or coord ack n1 --no$/,
  );
  for (const verb of ['status', 'log']) expect((await act('noor', verb)).notices).toEqual([owed]);
  expect((await act('pia', 'status')).notices).toEqual([]);
  clock.pass(601);
  expect((await act('noor', 'status')).notices).toEqual([expect.stringContaining('answer to n1, due ')]);
  expect((await act('noor', 'ack', 'n1')).notices).toEqual([]);
});

it('the author is told once of each answer, of a no as a no, and once of who has not answered in time', async () => {
  const { clock, act } = agentsIn(await localFleet());
  await act('maya', ...ASK);
  expect((await act('noor', 'ack', 'n1', 'not this week', '--no')).data.notes).toMatchObject([
    { kind: 'ack', ref: 'n1', refused: true },
  ]);
  expect((await act('maya', 'status')).notices).toEqual(['noor said no to n1: "not this week"']);
  expect((await act('maya', 'status')).notices).toEqual([]);
  expect((await act('maya', 'log')).data.notes[0]).toMatchObject({ pending: ['omar'], refusedBy: ['noor'] });
  clock.pass(600);
  const late = expect.stringMatching(/^no answer to n1 by \S+ from omar: "split src\/api\?"$/);
  expect((await act('maya', 'status')).notices).toEqual([late]);
  expect((await act('maya', 'status')).notices).toEqual([]);
  await act('omar', 'ack', 'n1');
  expect((await act('maya', 'status')).notices).toEqual(['omar acknowledged n1']);
});

it('an answer may be changed, and is told again', async () => {
  const { act } = agentsIn(await localFleet());
  await act('maya', ...ASK);
  await act('noor', 'ack', 'n1', '--no');
  await act('maya', 'status');
  expect((await act('noor', 'ack', 'n1', '--no')).data).toMatchObject({ already: true });
  expect((await act('noor', 'ack', 'n1')).data).toMatchObject({ already: false, notes: [{ refused: false }] });
  expect((await act('maya', 'status')).notices).toEqual(['noor acknowledged n1']);
});

it.each([
  [['--by', '10m'], '--by belongs to --needs-ack'],
  [['--needs-ack', 'noor', '--by', 'soon'], '--by is not a duration'],
  [['--needs-ack', 'noor', '--by', '0s'], '--by must be above zero'],
])('a note with %j is refused', async (options, message) => {
  const { act } = agentsIn(await localFleet());
  const { code, error } = await act('maya', 'note', 'x', ...options);
  expect([code, error.message]).toEqual([2, expect.stringContaining(message)]);
});

it('a log that cannot be read keeps nobody from being told of a lost claim', async () => {
  const fleet = await localFleet();
  const { act } = agentsIn(fleet);
  await act('noor', 'claim', 'src/api');
  await act('maya', 'claim', 'src/api', '--take-over', '--reason', 'urgent');
  commitByHand(fleet.box, fleet.clone, { 'log.jsonl': 'torn' });
  expect((await act('noor', 'agent')).notices[0]).toContain('you lost src/api/**');
});

it('an agent that was stopped is told once that this is over, and by whom', async () => {
  const { act } = agentsIn(await localFleet());
  await act('noor', 'claim', 'src/api');
  await act('otto', 'session', 'start', '--role', 'orchestrator');
  await act('otto', 'agent', 'kill', 'noor', '--reason', 'loops');
  expect((await act('noor', 'status')).notices).toContainEqual(expect.stringMatching(/^you were stopped by otto/));
  await act('otto', 'agent', 'revive', 'noor');
  const [told, ...more] = (await act('noor', 'status')).notices;
  expect([told, more]).toEqual([expect.stringMatching(/^otto let you act again at \S+; what you held is lost/), []]);
  expect((await act('noor', 'status')).notices).toEqual([]);
  await act('otto', 'agent', 'kill', 'noor', '--reason', 'loops again');
  expect((await act('noor', 'status')).notices).toEqual([expect.stringMatching(/^you were stopped by otto/)]);
});

it('an intent on ground is shown to whoever claims there or reads the status, and to nobody else', async () => {
  const { clock, act } = agentsIn(await localFleet());
  await act('maya', 'note', 'split users', '--kind', 'intent', '--target', 'src/api/users.ts');
  const intents = async (agent: string, ...targets: string[]) =>
    (await act(agent, 'status', ...targets)).data.intents.map(({ text }: { text: string }) => text);
  expect(await intents('noor')).toEqual(['split users']);
  expect(await intents('noor', 'src/api')).toEqual(['split users']);
  expect(await intents('noor', 'src/web')).toEqual([]);
  expect(await intents('maya')).toEqual([]);
  const claims = async (target: string) => (await act('noor', 'claim', target)).stderr;
  expect(await claims('src/web')).toBe('');
  expect(await claims('src/api')).toMatch(
    /^warning: intent of maya on src\/api\/users.ts at \S+: "split users" \(n1: a note, it holds nothing\)\n$/,
  );
  clock.pass(86_400);
  expect(await intents('noor')).toEqual([]);
});

it('a suspected deadlock is told once to who waits and to who is in the way, and to nobody else', async () => {
  const fleet = await localFleet();
  const { act } = agentsIn(fleet);
  const [held] = (await act('maya', 'claim', 'src/api')).data.claims;
  const claims = JSON.parse(fleet.box.git(fleet.clone, 'show', 'refs/coord/state:claims.json'));
  const targets = [{ kind: 'directory' as const, text: 'src/api/**' }];
  const times = { since: held.acquiredAt, expiresAt: held.expiresAt };
  const waiters = [waiterRecord('w1', { agent: 'noor', targets, suspected: true, ...times })];
  commitByHand(fleet.box, fleet.clone, { 'claims.json': JSON.stringify({ ...claims, lastWaiter: 1, waiters }) });
  const what = 'deadlock suspected: noor has waited 0s for src/api/**, far longer than expected of maya: ';
  for (const [agent, next] of [
    ['noor', 'ask: coord note "how long?" --needs-ack maya, or pick other paths'],
    ['maya', 'coord release --all as soon as you can, or say how long: coord note "still at it" --to noor'],
  ] as const) {
    expect((await act(agent, 'status')).notices).toEqual([what + next]);
    expect((await act(agent, 'status')).notices).toEqual([]);
  }
  expect((await act('omar', 'status')).notices).toEqual([]);
});
