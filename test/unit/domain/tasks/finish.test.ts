import { describe, expect, it } from 'vitest';
import { EMPTY_STATE, type State } from '../../../../src/domain/model.js';
import { viewTasks } from '../../../../src/domain/tasks/standing.js';
import { at, claimOf, granted, POLICY, path, refused, stateAfter } from '../../../support/decisions.js';
import { agentRecord, stateOf } from '../../../support/records.js';
import { addOf, doneOf, draftOf, editOf, returnOf, takeOf } from '../../../support/tasks.js';

const WORK = 'c'.repeat(40);
const task = ({ tasks }: State, id = 't1') => tasks.tasks.find((one) => one.id === id);

const one = stateAfter(
  stateOf({ agents: [agentRecord('boss', { role: 'orchestrator' }), agentRecord('maya'), agentRecord('noor')] }),
  [addOf('boss', draftOf('paginate', { scope: ['src/a.ts'] }))],
);
const taken = stateAfter(one, [takeOf('maya')]);

describe('the end of a task', () => {
  it('gives its ground back, with the commit that the next holder must have', () => {
    const { state, result, events } = granted(taken, doneOf('maya', { commit: WORK, text: 'pages' }), at(60));
    expect(result).toMatchObject({
      late: false,
      task: { state: 'done', evidence: 'word', commit: WORK, result: 'pages', agent: 'maya', since: at(60) },
    });
    expect([state.claims, state.releases.map(({ target, commit }) => [target, commit])]).toEqual([
      [],
      [['src/a.ts', WORK]],
    ]);
    expect(events.map(({ type }) => type)).toEqual(['claim.released', 'claim.released', 'task.done']);
  });

  it('says what shows it: the main branch, a gate, or a word', () => {
    const gated = stateAfter(one, [editOf('boss', 't1', { changes: { accept: ['tests', 'owner'] } }), takeOf('maya')]);
    expect(granted(taken, doneOf('maya', { landed: true })).result.task.evidence).toBe('landed');
    expect(granted(gated, doneOf('maya', { open: ['owner', 'tests'] })).result.task.evidence).toBe('gate');
    for (const landed of [true, false]) {
      const refusal = refused(gated, doneOf('maya', { open: ['tests'], landed }));
      expect(refusal).toMatchObject({ code: 'closed', reason: 'accept', gates: ['owner'] });
    }
  });

  it('again is the same end; and is nobody’s who never had it', () => {
    const done = granted(taken, doneOf('maya', { commit: WORK })).state;
    const again = granted(done, doneOf('maya', { id: 't1', commit: WORK }));
    expect([again.state, again.result.late]).toEqual([done, false]);
    expect(refused(taken, doneOf('noor', { id: 't1' }))).toMatchObject({ code: 'lost', reason: 'not-your-task' });
    expect(refused(taken, doneOf('noor'))).toMatchObject({ code: 'usage', reason: 'which-task', tasks: [] });
  });

  it('is asked which task is meant of two', () => {
    const two = stateAfter(taken, [addOf('boss', draftOf('b')), takeOf('maya', { another: true })]);
    expect(refused(two, doneOf('maya'))).toMatchObject({ reason: 'which-task', tasks: [{ id: 't1' }, { id: 't2' }] });
    expect(refused(two, returnOf('maya'))).toMatchObject({ reason: 'which-task' });
  });
});

describe('a lease that is over', () => {
  const lapsed = at(1831);

  it('opens the task again, with the attempt counted and the last commit told', () => {
    const held = stateAfter(one, [takeOf('maya', { head: WORK })]);
    const { state, events, result } = granted(held, takeOf('noor'), lapsed);
    expect(result).toMatchObject({ task: { agent: 'noor', attempts: 1 } });
    expect(task(state)?.tries).toEqual([{ agent: 'maya', at: lapsed, how: 'expired', reason: null, commit: WORK }]);
    expect(events.map(({ type }) => type)).toContain('task.reopened');
    expect(refused(held, takeOf('noor'), at(1829))).toMatchObject({ reason: 'none' });
  });

  it('is taken again before anything else by whoever let it run out, as long as nobody else can have it', () => {
    const more = stateAfter(taken, [addOf('boss', draftOf('urgent', { priority: 0, scope: ['src/a.ts'] }))]);
    const again = granted(more, takeOf('maya'), at(1_810));
    expect(again.result).toMatchObject({ task: { id: 't1', attempts: 0, agent: 'maya' } });
    expect(granted(more, takeOf('maya', { another: true }), at(1_810)).result).toMatchObject({ task: { id: 't2' } });
    expect(granted(more, takeOf('maya'), lapsed).result).toMatchObject({ task: { id: 't2' } });
  });

  it('is taken again in the swap that ends the task, where nobody has it and its ground is unchanged', () => {
    const { state, result } = granted(taken, doneOf('maya', { id: 't1', commit: WORK }), lapsed);
    expect(result).toMatchObject({ late: false, task: { state: 'done', attempts: 1, agent: 'maya' } });
    expect([state.claims, state.releases.length]).toEqual([[], 1]);
    expect(granted(taken, doneOf('maya', { id: 't1', commit: WORK }), at(1810)).result.late).toBe(false);
  });

  it('makes a result late where another has the task, or stands on its ground: kept, and nothing else', () => {
    for (const request of [takeOf('noor'), claimOf('noor', 'src/a.ts')]) {
      const others = granted(taken, request, lapsed).state;
      const late = granted(others, doneOf('maya', { id: 't1', commit: WORK, text: 'mine' }), at(1900));
      expect(late.result).toMatchObject({ late: true, released: [] });
      expect(late.state.claims).toEqual(others.claims);
      expect(task(late.state)?.late).toMatchObject([{ agent: 'maya', commit: WORK, text: 'mine' }]);
      expect(late.events.map(({ type }) => type)).toContain('task.late');
      expect(task(late.state)?.evidence).toBeNull();
    }
  });

  it('three times makes the task stuck, until somebody has looked', () => {
    let state = taken;
    for (const round of [1, 2]) state = granted(state, takeOf('noor'), at(1831 * round)).state;
    const refusal = refused(state, takeOf('maya'), at(1831 * 3));
    expect(refusal).toMatchObject({ code: 'held', reason: 'blocked', blocked: [], stuck: ['t1'] });
    const looked = granted(state, editOf('boss', 't1', { retry: true }), at(1831 * 3)).state;
    expect(granted(looked, takeOf('maya'), at(1831 * 3)).result).toMatchObject({ task: { id: 't1', attempts: 0 } });
  });
});

describe('a task that is given back', () => {
  it('is open again at once, with the reason, and counts no attempt', () => {
    const { state, result, events } = granted(taken, returnOf('maya', { reason: 'needs the schema', commit: WORK }));
    expect(result.task).toMatchObject({ state: 'open', agent: null, attempts: 0 });
    expect(task(state)?.tries).toMatchObject([{ how: 'returned', reason: 'needs the schema', commit: WORK }]);
    expect(events.at(-1)).toMatchObject({ type: 'task.returned', of: 'maya', reason: 'needs the schema' });
    expect(state.claims).toEqual([]);
  });

  it('is so by its holder, an orchestrator or a person alone', () => {
    expect(refused(taken, returnOf('noor', { id: 't1' }))).toMatchObject({ code: 'closed', reason: 'authority' });
    expect(refused(one, returnOf('maya', { id: 't1' }))).toMatchObject({ code: 'lost', reason: 'not-your-task' });
    const { state } = granted(taken, returnOf('boss', { id: 't1', reason: 'wait' }));
    expect(state.agents.find(({ id }) => id === 'maya')?.losses).toMatchObject([
      { how: 'revoked' },
      { how: 'revoked' },
    ]);
    expect(granted(state, takeOf('noor')).result).toMatchObject({ task: { id: 't1', attempts: 0 } });
  });
});

describe('whoever holds the claims of a task has it', () => {
  const base = { operation: 'x', policy: takeOf('x').policy, session: null };

  it('a stopped agent’s tasks are open again', () => {
    const kill = { ...base, kind: 'kill', agent: 'boss', victim: 'maya', reason: 'gone mad', person: false } as const;
    const killed = granted(taken, kill).state;
    const { state, result } = granted(killed, takeOf('noor'));
    expect(result).toMatchObject({ task: { id: 't1', attempts: 1 } });
    expect(task(state)?.tries).toMatchObject([{ agent: 'maya', how: 'revoked', reason: 'gone mad' }]);
  });

  it('a handover takes the whole of it along', () => {
    const offer = { ...base, agent: 'maya', to: 'noor', commit: null, commitNamed: false, note: null } as const;
    const offered = granted(taken, { kind: 'handoff', ...offer, targets: [path('src/a.ts')] });
    expect(offered.result.claims.map(({ target }) => target)).toEqual(['src/a.ts', '@task/t1']);
    const facts = { head: null, contains: {}, allowBehind: false, reach: 'clone', rules: null } as const;
    const accept = { ...base, kind: 'accept', agent: 'noor', targets: [path('src/a.ts')], ...facts } as const;
    const accepted = granted(offered.state, accept);
    expect(accepted.result.claims.map(({ target, tasks }) => [target, tasks])).toEqual([
      ['src/a.ts', ['t1']],
      ['@task/t1', ['t1']],
    ]);
    expect(refused(accepted.state, doneOf('maya', { id: 't1' }))).toMatchObject({ code: 'lost' });
    const done = granted(accepted.state, doneOf('noor', { commit: WORK }));
    expect(done.result.task).toMatchObject({ agent: 'noor', state: 'done', attempts: 0 });
    const lapsed = granted(accepted.state, takeOf('zoe'), at(1831));
    expect(task(lapsed.state)?.tries).toMatchObject([{ agent: 'noor', how: 'expired' }]);
  });

  it('and without tasks nothing of it is seen', () => {
    const { state } = granted(EMPTY_STATE, claimOf('maya', 'x'));
    expect(state.tasks).toBe(EMPTY_STATE.tasks);
  });
});

describe('the record of the end of a task', () => {
  const event = (type: string, events: readonly { readonly type: string }[]) =>
    events.find((found) => found.type === type);

  it('says in one sentence who ended it, and by what', () => {
    expect(granted(taken, doneOf('maya')).summary).toBe('t1 done by maya (word)');
    expect(granted(taken, doneOf('maya', { landed: true })).summary).toBe('t1 done by maya (landed)');
    expect(granted(taken, returnOf('maya')).summary).toBe('t1 returned by maya');
    expect(granted(taken, returnOf('maya', { reason: 'too hard' })).summary).toBe('t1 returned by maya: too hard');
  });

  it('tells who did it, by what, at which commit, and which gates were open', () => {
    const gated = stateAfter(one, [editOf('boss', 't1', { changes: { accept: ['tests'] } }), takeOf('maya')]);
    const { events } = granted(gated, doneOf('maya', { commit: WORK, open: ['tests'] }), at(60));
    expect(event('task.done', events)).toEqual({
      ...{ type: 'task.done', at: at(60), agent: 'maya', session: null, task: 't1', author: 'maya' },
      ...{ evidence: 'gate', commit: WORK, gates: ['tests'] },
    });
    const back = granted(taken, returnOf('maya', { reason: 'too hard', commit: WORK }), at(60));
    expect(event('task.returned', back.events)).toEqual({
      ...{
        type: 'task.returned',
        at: at(60),
        agent: 'maya',
        session: null,
        task: 't1',
        of: 'maya',
        reason: 'too hard',
        commit: WORK,
      },
    });
  });

  it('again, by another commit or another text, is late and not the same', () => {
    const done = granted(taken, doneOf('maya', { commit: WORK, text: 'pages' })).state;
    const again = granted(done, doneOf('maya', { id: 't1', commit: WORK, text: 'pages' }));
    expect(again).toMatchObject({ state: done, events: [], result: { released: [], late: false } });
    for (const changes of [
      { commit: WORK, text: 'other' },
      { commit: 'd'.repeat(40), text: 'pages' },
    ]) {
      const late = granted(done, doneOf('maya', { id: 't1', ...changes }), at(70));
      expect(late).toMatchObject({ result: { late: true, released: [] }, summary: 'late result of t1 by maya' });
      expect(task(late.state)?.late).toEqual([{ agent: 'maya', at: at(70), submission: null, ...changes }]);
    }
  });

  it('given back by who may act for all is told to its holder', () => {
    const { state, events, result } = granted(taken, returnOf('boss', { id: 't1' }), at(60));
    expect(result.task).toMatchObject({
      state: 'open',
      agent: null,
      attempts: 0,
      tries: [{ agent: 'maya', how: 'returned' }],
    });
    expect(state.agents.find(({ id }) => id === 'maya')?.losses).toMatchObject([
      { how: 'revoked', by: 'boss', reason: 't1 was given back' },
      { how: 'revoked', by: 'boss' },
    ]);
    expect(event('task.returned', events)).toMatchObject({ agent: 'boss', of: 'maya', reason: null });
    const said = granted(taken, returnOf('boss', { id: 't1', reason: 'stop' }), at(60));
    expect(said.state.agents.find(({ id }) => id === 'maya')?.losses[0]?.reason).toBe('stop');
    expect(refused(taken, returnOf('noor', { id: 't1' }))).toMatchObject({ code: 'closed', reason: 'authority' });
    expect(refused(one, returnOf('noor', { id: 't1' }))).toMatchObject({ code: 'lost', reason: 'not-your-task' });
  });

  it('keeps the newest twenty late results, and the newest ten tries', () => {
    let state = granted(taken, doneOf('maya', { commit: WORK })).state;
    for (let round = 0; round < 22; round += 1)
      state = granted(state, doneOf('maya', { id: 't1', text: `${round}` })).state;
    expect(task(state)?.late.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 2}`));
    let open: State = one;
    for (let round = 0; round < 12; round += 1)
      open = stateAfter(open, [takeOf('maya'), returnOf('maya', { reason: `${round}` })]);
    expect(task(open)?.tries.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 10 }, (_, index) => `${index + 2}`),
    );
  });
});

describe('a task as it is told', () => {
  it('has its ground as texts, when its lease ends, and what stands in its way', () => {
    const two = stateAfter(taken, [addOf('boss', draftOf('docs', { scope: ['docs/**'], after: ['t1'] }))]);
    const [first, second] = viewTasks(two, POLICY, at(5));
    expect(first).toMatchObject({
      scope: ['src/a.ts'],
      state: 'taken',
      ready: false,
      blockedBy: [],
      expiresAt: at(1800),
      by: 'boss',
    });
    expect(second).toMatchObject({
      scope: ['docs/**'],
      state: 'open',
      ready: false,
      blockedBy: ['t1'],
      expiresAt: null,
      tries: [],
      late: [],
    });
    const done = stateAfter(two, [doneOf('maya', { commit: WORK })], at(5));
    expect(viewTasks(done, POLICY, at(6)).map(({ state, ready, expiresAt }) => [state, ready, expiresAt])).toEqual([
      ['done', false, null],
      ['open', true, null],
    ]);
  });

  it('is open again where its lease ended, as its agent was told that it did', () => {
    const lost = (how: 'revoked' | 'taken-over' | 'expired' | 'handed-over', seconds = 50, target = '@task/t1') => {
      const loss = { claim: 'c1', target, token: 1, at: at(seconds), how, session: null, by: 'x', reason: how };
      const agents = taken.agents.map((one) => (one.id === 'maya' ? { ...one, losses: [loss] } : one));
      return viewTasks({ ...taken, claims: [], agents }, POLICY, at(60))[0];
    };
    expect(lost('revoked')).toMatchObject({
      state: 'open',
      attempts: 1,
      tries: [{ agent: 'maya', how: 'revoked', reason: 'revoked', at: at(50) }],
    });
    expect(lost('taken-over')?.tries).toMatchObject([{ how: 'taken-over' }]);
    expect(lost('expired')?.tries).toMatchObject([{ how: 'expired', at: at(50) }]);
    for (const unknown of [lost('handed-over'), lost('revoked', -5), lost('revoked', 50, '@task/t2')])
      expect(unknown?.tries).toMatchObject([{ agent: 'maya', how: 'expired', reason: null, at: at(60) }]);
  });
});
