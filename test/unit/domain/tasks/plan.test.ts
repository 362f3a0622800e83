import { describe, expect, it } from 'vitest';
import type { State } from '../../../../src/domain/model.js';
import { EMPTY_STATE } from '../../../../src/domain/model.js';
import { at, claimOf, granted, POLICY, refused, stateAfter } from '../../../support/decisions.js';
import { agentRecord, stateOf } from '../../../support/records.js';
import { addOf, draftOf, dropOf, editOf, takeOf } from '../../../support/tasks.js';

const problems = (state: State, ...drafts: Parameters<typeof draftOf>[]) => {
  const refusal = refused(state, addOf('boss', ...drafts.map((draft) => draftOf(...draft))));
  if (refusal.reason !== 'bad-tasks') throw new Error(refusal.reason);
  return refusal.problems;
};

describe('adding tasks', () => {
  it('numbers them in their order, and never gives a number twice', () => {
    const { state, result, events } = granted(EMPTY_STATE, addOf('boss', draftOf('one'), draftOf('two')));
    expect(result.tasks.map(({ id, title }) => [id, title])).toEqual([
      ['t1', 'one'],
      ['t2', 'two'],
    ]);
    expect(events.map(({ type, task }) => [type, task])).toEqual([
      ['task.added', 't1'],
      ['task.added', 't2'],
    ]);
    const dropped = stateAfter(state, [dropOf('boss', 't2'), addOf('boss', draftOf('three'))]);
    expect(dropped.tasks.tasks.map(({ id, state: standing }) => [id, standing])).toEqual([
      ['t1', 'open'],
      ['t2', 'dropped'],
      ['t3', 'open'],
    ]);
  });

  it('takes what must be done before by the keys of the same request, and by the ids of others', () => {
    const before = stateAfter(EMPTY_STATE, [addOf('boss', draftOf('old'))]);
    const drafts = [draftOf('build', { key: 'b', after: ['a', 't1'] }), draftOf('design', { key: 'a' })];
    const { result } = granted(before, addOf('boss', ...drafts));
    expect(result.tasks.map(({ id, after }) => [id, after])).toEqual([
      ['t2', ['t3', 't1']],
      ['t3', []],
    ]);
  });

  it('lists every problem, and then adds nothing', () => {
    const state = stateAfter(EMPTY_STATE, [addOf('boss', draftOf('gone')), dropOf('boss', 't1')]);
    expect(
      problems(
        state,
        ['', { where: 'line 1' }],
        ['x'.repeat(201), { where: 'line 2' }],
        ['two\nlines', { where: 'line 3' }],
        ['long', { where: 'line 4', text: 'x'.repeat(1_000_000) }],
        ['late', { where: 'line 5', after: ['t1', 't9', 'nobody'] }],
        ['odd', { where: 'line 6', priority: 1.5 }],
        ['a', { where: 'line 7', key: 'k' }],
        ['b', { where: 'line 8', key: 'k' }],
      ),
    ).toEqual([
      'line 8: "k" names two tasks',
      'line 1: no title',
      'line 2: a title longer than 200 characters',
      'line 3: a title of several lines',
      'line 4: a text longer than 16000 characters',
      'line 5: after t1, which was dropped',
      'line 5: after "t9", which is not a task',
      'line 5: after "nobody", which is not a task',
      'line 6: a priority is a whole number from 0 (most urgent) to 9',
    ]);
    expect(problems(EMPTY_STATE)).toEqual(['no task in it']);
  });

  it('refuses a circle, however long, and names it', () => {
    const ring = (size: number) =>
      Array.from({ length: size }, (_, index): Parameters<typeof draftOf> => {
        return [`${index}`, { key: `k${index}`, after: [`k${(index + 1) % size}`] }];
      });
    expect(problems(EMPTY_STATE, ...ring(1))).toEqual(['a circle: "k0" after "k0"']);
    expect(problems(EMPTY_STATE, ...ring(3))).toEqual(['a circle: "k0" after "k1" after "k2" after "k0"']);
    const [long = ''] = problems(EMPTY_STATE, ...ring(4000));
    expect(long).toMatch(/^a circle: "k0" after .* after "k9" after 3990 more after "k0"$/);
    expect(problems(EMPTY_STATE, ...ring(60_000))).toEqual(['more than 5000 unfinished tasks']);
  });
});

describe('editing a task', () => {
  const two = stateAfter(EMPTY_STATE, [
    addOf('boss', draftOf('a', { scope: ['src/a/**'] })),
    addOf('boss', draftOf('b', { after: ['t1'] })),
  ]);

  it('changes what was named, and nothing else', () => {
    const { result, events } = granted(two, editOf('boss', 't2', { changes: { title: 'c', priority: 0 } }));
    expect(result.task).toEqual({ ...two.tasks.tasks[1], title: 'c', priority: 0 });
    expect(events).toMatchObject([{ type: 'task.edited', task: 't2', changed: ['title', 'priority'] }]);
  });

  it('refuses a circle, what is over, and the scope of a task that somebody has', () => {
    const circle = refused(two, editOf('boss', 't1', { changes: { after: ['t2'] } }));
    expect(circle).toMatchObject({ reason: 'bad-tasks', problems: ['a circle: t1 after t2 after t1'] });
    expect(refused(two, editOf('boss', 't9'))).toMatchObject({
      code: 'usage',
      reason: 'unknown-task',
      open: ['t1', 't2'],
    });
    const taken = stateAfter(two, [takeOf('maya')]);
    const scope = editOf('boss', 't1', { changes: { scope: [] } });
    expect(refused(taken, scope)).toMatchObject({ code: 'held', reason: 'task-taken' });
    expect(granted(taken, editOf('boss', 't1', { changes: { text: 'more' } })).result.task.state).toBe('taken');
    const dropped = stateAfter(two, [dropOf('boss', 't2')]);
    expect(refused(dropped, editOf('boss', 't2', { changes: { text: 'x' } }))).toMatchObject({ reason: 'task-over' });
  });
});

describe('dropping a task', () => {
  const two = stateAfter(stateOf({ agents: [agentRecord('chief', { role: 'orchestrator' })] }), [
    addOf('boss', draftOf('a', { scope: ['src/a/**'] })),
    addOf('boss', draftOf('b', { after: ['t1'] })),
  ]);

  it('frees those that waited for it, and again changes nothing', () => {
    const { state, result } = granted(two, dropOf('boss', 't1', { reason: 'not needed' }));
    expect([result.task.state, result.freed]).toEqual(['dropped', ['t2']]);
    expect(granted(state, dropOf('boss', 't1')).state).toBe(state);
    expect(granted(state, takeOf('maya')).result).toMatchObject({ task: { id: 't2' } });
  });

  it('takes the ground from who has it, which is told; only its maker, its holder or an orchestrator may', () => {
    const taken = stateAfter(two, [takeOf('maya')]);
    expect(refused(taken, dropOf('zoe', 't1'))).toMatchObject({ code: 'closed', reason: 'authority' });
    for (const by of ['boss', 'chief']) {
      const { state } = granted(taken, dropOf(by, 't1', { reason: 'wrong' }));
      expect(state.claims).toEqual([]);
      const maya = state.agents.find(({ id }) => id === 'maya');
      expect(maya?.losses.map(({ how, by: who, reason }) => [how, who, reason])).toEqual([
        ['revoked', by, 'wrong'],
        ['revoked', by, 'wrong'],
      ]);
    }
    expect(granted(taken, dropOf('maya', 't1')).state.claims).toEqual([]);
  });
});

describe('with one in charge', () => {
  const policy = { ...POLICY, tasks: { by: 'orchestrator' as const, attempts: 3 } };
  const crew = stateOf({
    agents: [
      agentRecord('boss', { role: 'orchestrator' }),
      agentRecord('chief', { role: 'orchestrator' }),
      agentRecord('maya'),
    ],
  });

  it('only the holder of @orchestrator gives out tasks, and nobody else claims it', () => {
    const add = (agent: string) => ({ ...addOf(agent, draftOf('x')), policy });
    expect(refused(crew, add('boss'))).toEqual({ code: 'closed', reason: 'not-in-charge', holder: null });
    expect(refused(crew, claimOf('maya', '@orchestrator'))).toMatchObject({ code: 'closed', reason: 'authority' });
    const led = stateAfter(crew, [claimOf('boss', '@orchestrator')]);
    expect(granted(led, add('boss')).result.tasks).toHaveLength(1);
    expect(refused(led, add('chief'))).toEqual({ code: 'closed', reason: 'not-in-charge', holder: 'boss' });
    expect(refused(led, claimOf('chief', '@orchestrator'))).toMatchObject({ code: 'held', reason: 'held' });
    const { state } = granted(led, add('boss'));
    for (const request of [
      { ...editOf('chief', 't1', { changes: { text: 'x' } }), policy },
      { ...dropOf('chief', 't1'), policy },
    ])
      expect(refused(state, request)).toMatchObject({ reason: 'not-in-charge', holder: 'boss' });
    expect(refused(led, add('boss'), at(1801))).toMatchObject({ reason: 'not-in-charge', holder: null });
  });
});

describe('tasks that are over', () => {
  it('are kept up to a thousand, oldest forgotten first, but for those that one that is not over comes after', () => {
    const over = Array.from({ length: 1_001 }, (_, index) => draftOf(`old ${index + 1}`));
    const { state } = granted(EMPTY_STATE, addOf('boss', ...over));
    const dropped = {
      ...state,
      tasks: { ...state.tasks, tasks: state.tasks.tasks.map((task) => ({ ...task, state: 'done' as const })) },
    };
    const next = granted(dropped, addOf('boss', draftOf('next', { after: ['t1'] }))).state.tasks.tasks.map(
      ({ id }) => id,
    );
    expect(next).toHaveLength(1_001);
    expect(next.slice(0, 2)).toEqual(['t1', 't3']);
    expect(next.at(-1)).toBe('t1002');
    const thousand = { ...dropped, tasks: { ...dropped.tasks, tasks: dropped.tasks.tasks.slice(1) } };
    expect(granted(thousand, addOf('boss', draftOf('next'))).state.tasks.tasks).toHaveLength(1_001);
  });
});
