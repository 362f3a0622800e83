import { expect, it } from 'vitest';
import { addSeconds } from '../../src/domain/time.js';
import { commitByHand } from '../support/by-hand.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';

/** Agents that run commands in one worktree at a time that the test sets; each answer is the command's data and notices. */
function agentsIn({ box, clone }: Fleet) {
  const { clock, run } = inProcess(box);
  const act = async (agent: string, ...args: string[]) => {
    const result = await run(agent, clone, [...args, '--json']);
    const { data, notices = [], error } = result.json();
    return { code: result.code, data, error, notices };
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
