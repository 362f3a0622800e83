import { describe, expect, it } from 'vitest';
import { EMPTY_STATE, type State } from '../../../../src/domain/model.js';
import { questionOf } from '../../../../src/domain/request-table.js';
import {
  at,
  baseOf,
  claimOf,
  granted,
  POLICY,
  refused,
  releaseOf,
  renewOf,
  stateAfter,
} from '../../../support/decisions.js';
import { agentRecord, releaseRecord, stateOf } from '../../../support/records.js';
import { waitOf } from '../../../support/requests.js';
import { addOf, doneOf, draftOf, dropOf, returnOf, takeOf } from '../../../support/tasks.js';

const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);

const withTasks = (...drafts: Parameters<typeof draftOf>[]): State =>
  stateAfter(
    EMPTY_STATE,
    drafts.map((draft) => addOf('boss', draftOf(...draft))),
  );

const taken = (state: State, agent: string, changes = {}) => {
  const { result } = granted(state, takeOf(agent, changes));
  if (!('task' in result)) throw new Error('waits');
  return result;
};

describe('taking a task', () => {
  it('grants its ground and what stands for it, in one step', () => {
    const before = withTasks(['paginate', { scope: ['src/api/**', 'README.md'] }]);
    const { state, events, result, summary } = granted(before, takeOf('maya'));
    expect(result).toMatchObject({ task: { id: 't1', state: 'taken', agent: 'maya' }, again: false });
    expect(state.claims).toMatchObject([
      { target: 'src/api/**', agent: 'maya', token: 1, tasks: ['t1'], byHand: false, reason: 't1: paginate' },
      { target: 'README.md', agent: 'maya', token: 2, tasks: ['t1'] },
      { target: '@task/t1', kind: 'resource', agent: 'maya', token: 3, tasks: ['t1'] },
    ]);
    expect(events.map(({ type }) => type)).toEqual(['claim.granted', 'claim.granted', 'claim.granted', 'task.taken']);
    expect(events.at(-1)).toMatchObject({ task: 't1', token: 3, attempt: 1 });
    expect(summary).toBe('take t1 by maya: src/api/**, README.md for 30m');
  });

  it('has one clock: all of its claims live as long as the one that lives shortest', () => {
    const state = withTasks(['migrate', { scope: ['db/**', '@db/main'] }]);
    const resources = { '@db/main': 600, '@other': 60 };
    const lives = (asked: number | null) =>
      taken(state, 'maya', { ttl: { asked, byDefault: 1800, resources } }).claims.map(({ ttlSeconds }) => ttlSeconds);
    expect(lives(null)).toEqual([600, 600, 600]);
    expect(lives(900)).toEqual([900, 900, 900]);
  });

  it('is lost whole when a part of its ground is taken over; what was claimed by hand stays', () => {
    const drafts = withTasks(['a', { scope: ['src/a.ts', 'src/b.ts', 'docs/**'] }], ['b', { scope: ['lib/**'] }]);
    const all = stateAfter(drafts, [claimOf('maya', 'docs/**'), takeOf('maya'), takeOf('maya', { another: true })]);
    const claim = claimOf('noor', 'src/a.ts', { reason: 'urgent' });
    const theft = granted(all, { ...baseOf('noor'), kind: 'take-over', claim });
    expect(theft.result.takenOver.map(({ target }) => target)).toEqual(['src/a.ts', 'src/b.ts', '@task/t1']);
    const left = theft.state.claims.filter(({ agent }) => agent === 'maya').map(({ target }) => target);
    expect(left).toEqual(['docs/**', 'lib/**', '@task/t2']);
    const { state } = granted(theft.state, takeOf('boss', { id: 't2', another: true, ticketSeconds: 60 }), at(1));
    expect(state.tasks.tasks).toMatchObject([
      { id: 't1', state: 'open', attempts: 1, tries: [{ agent: 'maya', how: 'taken-over', reason: 'urgent' }] },
      { id: 't2', state: 'taken', agent: 'maya' },
    ]);
  });

  it('chooses by priority, then by age, among those that are ready and free', () => {
    const state = withTasks(['late', {}], ['urgent', { priority: 0 }], ['blocked', { priority: 0, after: ['t1'] }]);
    expect(taken(state, 'maya').task.id).toBe('t2');
    expect(taken(stateAfter(state, [takeOf('noor')]), 'maya').task.id).toBe('t1');
  });

  it('passes over what another stands on, and refuses with all of it where nothing else is left', () => {
    const state = stateAfter(withTasks(['a', { scope: ['src/a/**'] }], ['b', { scope: ['src/b/**'] }]), [
      claimOf('noor', 'src/a/x.ts'),
    ]);
    expect(taken(state, 'maya').task.id).toBe('t2');
    const full = stateAfter(state, [claimOf('noor', 'src/b/x.ts')]);
    const refusal = refused(full, takeOf('maya'));
    expect(refusal).toMatchObject({
      code: 'held',
      reason: 'held',
      conflicts: [
        { target: 'src/a/**', agent: 'noor' },
        { target: 'src/b/**', agent: 'noor' },
      ],
    });
  });

  it('says whether nothing is open, or all of it waits for others', () => {
    const state = withTasks(['a', {}], ['b', { after: ['t1'] }]);
    expect(refused(EMPTY_STATE, takeOf('maya'))).toMatchObject({ code: 'held', reason: 'none', taken: [] });
    const busy = stateAfter(state, [takeOf('noor')]);
    expect(refused(busy, takeOf('maya'))).toMatchObject({
      code: 'held',
      reason: 'blocked',
      blocked: [{ task: 't2', blockedBy: ['t1'] }],
      taken: [{ task: 't1', agent: 'noor', expiresAt: at(1800) }],
    });
    expect(refused(busy, takeOf('maya', { id: 't2' }))).toMatchObject({ reason: 'blocked' });
    expect(refused(busy, takeOf('maya', { id: 't1' }))).toMatchObject({
      reason: 'held',
      conflicts: [{ target: '@task/t1', agent: 'noor' }],
    });
  });

  it('gives the task that one has again, and a second one only when it is asked for', () => {
    const state = stateAfter(withTasks(['a', { scope: ['a'] }], ['b', { scope: ['b'] }]), [takeOf('maya')]);
    const again = granted(state, takeOf('maya'), at(60));
    expect(again.result).toMatchObject({ again: true, task: { id: 't1' } });
    expect(again.state.claims.map(({ token }) => token)).toEqual([1, 2]);
    expect(refused(state, takeOf('maya', { id: 't2' }))).toMatchObject({
      code: 'usage',
      reason: 'has-task',
      wanted: 't2',
    });
    expect(taken(state, 'maya', { another: true }).task.id).toBe('t2');
    expect(taken(state, 'maya', { another: true, id: 't2' }).task.id).toBe('t2');
  });

  it('keeps the claim and the token of ground that one holds already', () => {
    const held = stateAfter(withTasks(['a', { scope: ['src/**'] }]), [claimOf('maya', 'src/**')]);
    const { state } = granted(held, takeOf('maya'));
    expect(state.claims).toMatchObject([
      { target: 'src/**', token: 1, tasks: ['t1'], byHand: true },
      { target: '@task/t1', token: 2 },
    ]);
    const over = granted(state, returnOf('maya'));
    expect(over.state.claims).toMatchObject([{ target: 'src/**', token: 1, tasks: [], byHand: true }]);
  });

  it('lets two tasks stand on one ground, which goes with the last of them', () => {
    const state = stateAfter(withTasks(['a', { scope: ['src/**'] }], ['b', { scope: ['src/**'] }]), [
      takeOf('maya'),
      takeOf('maya', { another: true }),
    ]);
    expect(state.claims.find(({ target }) => target === 'src/**')?.tasks).toEqual(['t1', 't2']);
    const one = granted(state, doneOf('maya', { id: 't1' })).state;
    expect(one.claims.map(({ target, tasks }) => [target, tasks])).toEqual([
      ['src/**', ['t2']],
      ['@task/t2', ['t2']],
    ]);
    expect(granted(one, doneOf('maya')).state.claims).toEqual([]);
  });

  it('is for the role that the task names, and gives a worker ground that it could not claim itself', () => {
    const crew = stateOf({ agents: [agentRecord('w1', { role: 'worker' }), agentRecord('noor')] });
    const state = stateAfter(crew, [addOf('noor', draftOf('a', { role: 'worker', scope: ['src/a.ts'] }))]);
    expect(refused(state, takeOf('noor'))).toMatchObject({ reason: 'none', forOthers: ['t1'] });
    expect(refused(state, takeOf('noor', { id: 't1' }))).toMatchObject({
      code: 'closed',
      reason: 'task-role',
      role: 'peer',
    });
    expect(refused(state, claimOf('w1', 'src/a.ts'))).toMatchObject({ code: 'closed', reason: 'role' });
    expect(taken(state, 'w1').claims.map(({ target }) => target)).toEqual(['src/a.ts', '@task/t1']);
  });

  it('works without a scope, and in a project that claims in order', () => {
    expect(taken(withTasks(['a', {}]), 'maya').claims.map(({ target }) => target)).toEqual(['@task/t1']);
    const policy = { ...POLICY, lockOrder: 'strict' as const };
    const state = stateAfter(withTasks(['a', { scope: ['b'] }], ['b', { scope: ['c'] }]), [takeOf('maya', { policy })]);
    expect(taken(state, 'maya', { another: true, policy }).task.id).toBe('t2');
  });
});

describe('what comes before a task', () => {
  const chain = withTasks(['a', { scope: ['src/a.ts'] }], ['b', { after: ['t1'], scope: ['src/b.ts'] }]);
  const done = stateAfter(chain, [takeOf('maya'), doneOf('maya', { commit: NEW, commitNamed: true, landed: true })]);

  it('must be in HEAD, unless one says that it need not be', () => {
    const claim = (head: string, contains = {}) => ({ head, contains });
    expect(refused(done, takeOf('noor', claim(OLD)))).toMatchObject({
      code: 'behind',
      reason: 'behind',
      missing: [{ target: '@task/t2', released: '@task/t1', commit: NEW, agent: 'maya' }],
    });
    for (const asked of [claim(NEW), claim(OLD, { [NEW]: true }), { ...claim(OLD), allowBehind: true }])
      expect(granted(done, takeOf('noor', asked)).result).toMatchObject({ task: { id: 't2' } });
  });

  it('does not hold up others that can be taken as HEAD is', () => {
    const more = stateAfter(done, [addOf('boss', draftOf('c', { priority: 5 }))]);
    expect(granted(more, takeOf('noor', { head: OLD })).result).toMatchObject({
      task: { id: 't3' },
    });
  });

  it('is asked of git for the first task that could be taken alone', () => {
    const state = { ...done, releases: [releaseRecord('src/b.ts', { commit: OLD })] };
    expect(refused(state, takeOf('noor'))).toMatchObject({
      reason: 'behind',
      missing: [{ commit: NEW }, { commit: OLD }],
    });
  });
});

describe('ground of a task', () => {
  const state = stateAfter(withTasks(['a', { scope: ['src/a.ts'] }]), [takeOf('maya'), claimOf('maya', 'docs/x.md')]);

  it('is given back with the task alone', () => {
    const path = (text: string) => ({ kind: 'path' as const, text });
    for (const target of [path('src/a.ts'), { kind: 'resource' as const, text: '@task/t1' }]) {
      const refusal = refused(state, releaseOf('maya', { targets: [target] }));
      expect(refusal).toEqual({ code: 'usage', reason: 'task-ground', targets: [target.text], tasks: ['t1'] });
    }
    const all = granted(state, releaseOf('maya'));
    expect(all.result.released.map(({ target }) => target)).toEqual(['docs/x.md']);
    expect(refused(all.state, releaseOf('maya'))).toMatchObject({ reason: 'task-ground' });
  });

  it('is asked for by its verb alone', () => {
    for (const request of [claimOf('noor', '@task/t1'), waitOf('noor', '@task/t9')])
      expect(refused(state, request)).toEqual({
        code: 'usage',
        reason: 'reserved',
        target: expect.stringContaining('@task/'),
      });
  });

  it('is anybody’s once the task is another’s', () => {
    const longer = granted(
      state,
      renewOf('maya', { targets: [{ kind: 'path', text: 'src/a.ts' }], ttlSeconds: 9000 }),
    ).state;
    const lapsed = granted(longer, claimOf('zoe', 'x'), at(1900)).state;
    expect(lapsed.claims.map(({ target }) => target)).toEqual(['src/a.ts', 'x']);
    const given = granted(lapsed, releaseOf('maya', { targets: [{ kind: 'path', text: 'src/a.ts' }] }), at(1901));
    expect(given.result.released).toHaveLength(1);
  });
});

describe('waiting for one task', () => {
  const state = stateAfter(withTasks(['a', { scope: ['src/a.ts'] }]), [takeOf('maya')]);

  it('queues for its ground, first come first served', () => {
    const waiting = granted(state, takeOf('noor', { id: 't1', ticketSeconds: 20 }));
    expect(waiting.result).toMatchObject({
      status: 'waiting',
      conflicts: [{ target: 'src/a.ts' }, { target: '@task/t1' }],
    });
    const free = granted(waiting.state, returnOf('maya')).state;
    expect(refused(free, takeOf('zoe', { id: 't1' }))).toMatchObject({
      conflicts: [{ agent: 'noor', waiting: true }, {}],
    });
    const mine = granted(free, takeOf('noor', { id: 't1', ticketSeconds: 20 }));
    expect(mine.result).toMatchObject({ task: { id: 't1', agent: 'noor' } });
    expect(mine.state.waiters).toEqual([]);
  });

  it('is refused where it would never end', () => {
    const two = stateAfter(withTasks(['a', { scope: ['a'] }], ['b', { scope: ['b'] }]), [
      claimOf('maya', 'a'),
      claimOf('noor', 'b'),
      takeOf('maya', { id: 't2', ticketSeconds: 20 }),
    ]);
    expect(refused(two, takeOf('noor', { id: 't1', ticketSeconds: 20 }))).toMatchObject({ reason: 'deadlock' });
  });
});

describe('a task that is over', () => {
  it('is not taken', () => {
    const state = stateAfter(withTasks(['a', {}]), [dropOf('boss', 't1')]);
    expect(refused(state, takeOf('maya', { id: 't1' }))).toMatchObject({ code: 'usage', reason: 'task-over' });
    expect(refused(state, takeOf('maya', { id: 't7' }))).toMatchObject({ code: 'usage', reason: 'unknown-task' });
    expect(baseOf('maya').agent).toBe('maya');
  });
});

describe('the work of which git is asked before a task is taken', () => {
  const needs = (state: State, agent: string, changes = {}) =>
    questionOf(state, takeOf(agent, { head: NEW, ...changes }), at(0)).work.map(({ commit }) => commit);
  const releases = [releaseRecord('src/a/**', { commit: OLD, agent: 'noor' })];
  const scoped = withTasks(['a', { scope: ['src/a/**'] }], ['b', { scope: ['src/b/**'] }]);

  it('is that on the ground of the first task that is free, and that of the tasks before it', () => {
    expect(needs({ ...scoped, releases }, 'maya')).toEqual([OLD]);
    expect(needs({ ...scoped, releases }, 'maya', { id: 't2' })).toEqual([]);
    const first = granted(scoped, takeOf('noor', { id: 't2' })).state;
    const done = granted(first, doneOf('noor', { commit: OLD })).state;
    const after = stateAfter(done, [addOf('boss', draftOf('c', { after: ['t2'] }))]);
    expect(needs(after, 'maya', { id: 't3' })).toEqual([OLD]);
    expect(needs(after, 'maya', { id: 't3', allowBehind: true })).toEqual([]);
  });

  it('is nothing once it is known, nor of a task whose ground another holds', () => {
    expect(needs({ ...scoped, releases }, 'maya', { contains: { [OLD]: true } })).toEqual([]);
    const held = stateAfter({ ...scoped, releases }, [
      claimOf('zoe', 'src/a/x.ts', { contains: { [OLD]: true }, head: OLD }),
    ]);
    expect(needs(held, 'maya')).toEqual([]);
  });

  it('is asked of the next task where HEAD is known to lack that of the first', () => {
    const state = {
      ...scoped,
      releases: [...releases, releaseRecord('src/b/**', { commit: 'c'.repeat(40), agent: 'noor' })],
    };
    const { work } = questionOf(state, takeOf('maya', { head: NEW }), at(0));
    const lacking = Object.fromEntries(work.map(({ key }) => [key, false]));
    expect(work.map(({ commit }) => commit)).toEqual([OLD]);
    expect(needs(state, 'maya', { contains: lacking })).toEqual(['c'.repeat(40)]);
  });
});
