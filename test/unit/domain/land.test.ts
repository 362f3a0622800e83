import { describe, expect, it } from 'vitest';
import { groundToClaim, type LandRequest } from '../../../src/domain/claims/land.js';
import { claimsToKeepAlive } from '../../../src/domain/claims/release.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, baseOf, claimOf, granted, refused, stateAfter } from '../../support/decisions.js';
import { addOf, draftOf, takeOf } from '../../support/tasks.js';

const FROM = 'a'.repeat(40);
const WORK = 'b'.repeat(40);

function landOf(agent: string, paths: readonly string[], changes: Partial<LandRequest> = {}): LandRequest {
  const where = { commit: WORK, from: FROM, branch: 'main', changes: null, tasks: null, open: {} };
  return { ...baseOf(agent), kind: 'land', paths, ...where, ...changes };
}

/** Why each path may not land. */
function reasons(state: State, request: LandRequest, seconds = 0): string[] {
  const refusal = refused(state, request, at(seconds));
  if (refusal.reason !== 'unclaimed') throw new Error(refusal.reason);
  return refusal.paths.map(({ path, why, holder }) => `${path} ${why}${holder ? ` ${holder.agent}` : ''}`);
}

const held = granted(EMPTY_STATE, claimOf('maya', ['src/**', '@db/prod', 'docs/**'], { head: FROM })).state;

describe('land', () => {
  it('releases the claims that the changes were made under, and no others', () => {
    const { state, result, events, summary } = granted(held, landOf('maya', ['src/a.ts', 'README.md']), at(60));
    expect(result.released.map(({ target }) => target)).toEqual(['src/**']);
    expect(state.claims.map(({ target }) => target)).toEqual(['@db/prod', 'docs/**']);
    expect(state.releases).toMatchObject([{ target: 'src/**', agent: 'maya', commit: WORK, at: at(60) }]);
    expect(events).toMatchObject([
      { type: 'claim.released', target: 'src/**', commit: WORK },
      { type: 'work.landed', commit: WORK, from: FROM, branch: 'main', paths: 2 },
    ]);
    expect(summary).toBe('land bbbbbbb on main by maya, releasing src/**');
  });

  it('binds the next holder also when HEAD did not move since the claim', () => {
    const late = granted(EMPTY_STATE, claimOf('maya', 'src/**', { head: WORK })).state;
    expect(granted(late, landOf('maya', ['src/a.ts'])).state.releases).toMatchObject([{ commit: WORK }]);
  });

  it('is on the record, and so a write, where there is nothing to release', () => {
    const { state, events, result } = granted(EMPTY_STATE, landOf('maya', ['README.md']));
    expect(result.released).toEqual([]);
    expect(state).not.toBe(EMPTY_STATE);
    expect(events).toMatchObject([{ type: 'work.landed' }]);
  });

  it('releases every claim that covers a changed path', () => {
    const both = stateAfter(EMPTY_STATE, [claimOf('maya', 'src/**'), claimOf('maya', 'src/api/**')]);
    const { result } = granted(both, landOf('maya', ['src/api/a.ts']));
    expect(result.released.map(({ target }) => target)).toEqual(['src/**', 'src/api/**']);
  });

  it('refuses surface paths that are not claimed, all of them named', () => {
    expect(reasons(EMPTY_STATE, landOf('maya', ['src/a.ts', 'README.md', 'src/b.ts']))).toEqual([
      'src/a.ts not-held',
      'src/b.ts not-held',
    ]);
  });

  it('refuses ground of others, off the surface too, unless they only read it', () => {
    const others = granted(EMPTY_STATE, claimOf('noor', ['src/**', 'docs/**'])).state;
    expect(reasons(others, landOf('maya', ['src/a.ts', 'docs/a.md']))).toEqual([
      'src/a.ts held-by-other noor',
      'docs/a.md held-by-other noor',
    ]);
    const readers = granted(EMPTY_STATE, claimOf('noor', 'docs/**', { mode: 'shared' })).state;
    expect(granted(readers, landOf('maya', ['docs/a.md'])).result.released).toEqual([]);
  });

  it('tells an expired claim, a shared one, another session’s, and a lost one apart', () => {
    const paths = ['src/a.ts'];
    expect(reasons(held, landOf('maya', paths), 1800)).toEqual(['src/a.ts expired']);
    const shared = granted(EMPTY_STATE, claimOf('maya', 'src/**', { mode: 'shared' })).state;
    expect(reasons(shared, landOf('maya', paths))).toEqual(['src/a.ts shared maya']);
    const session = granted(EMPTY_STATE, claimOf('maya', 'src/**', { session: 'one' })).state;
    expect(reasons(session, landOf('maya', paths, { session: 'two' }))).toEqual(['src/a.ts other-session maya']);
    expect(granted(session, landOf('maya', paths, { session: 'one' })).result.released).toHaveLength(1);
    const theft = { ...baseOf('noor'), kind: 'take-over' as const, claim: claimOf('noor', 'src/**') };
    const stolen = granted(held, { ...theft, claim: { ...theft.claim, reason: 'gone' } }).state;
    expect(reasons(stolen, landOf('maya', paths))).toEqual(['src/a.ts taken-over noor']);
  });

  it('a resource covers no path, whatever the path is called', () => {
    const surface = { ...baseOf('maya').policy, surface: [patternTarget('**')] };
    expect(reasons(held, landOf('maya', ['@db/prod'], { policy: surface }))).toEqual(['@db/prod not-held']);
  });

  it('refuses a worker, whatever it holds', () => {
    const start = { kind: 'session-start' as const, person: false, rules: null };
    const state = stateAfter(EMPTY_STATE, [
      { ...baseOf('rae'), ...start, role: 'worker' },
      { ...baseOf('owner'), ...start, role: 'orchestrator' },
    ]);
    expect(refused(state, landOf('rae', ['scratch/rae/a']))).toMatchObject({
      code: 'closed',
      reason: 'role',
      orchestrators: ['owner'],
    });
  });

  it('lands in its turn: not while it is another’s, or others wait for it; and the turn is over with it', () => {
    const turn = (agent: string) => claimOf(agent, '@land/main', { byOwnVerb: true, allowBehind: true });
    const others = stateAfter(held, [turn('noor')]);
    expect(refused(others, landOf('maya', ['src/a.ts']))).toMatchObject({
      reason: 'held',
      conflicts: [{ target: '@land/main', agent: 'noor' }],
    });
    const own = stateAfter(held, [turn('maya')]);
    const landed = granted(own, landOf('maya', ['src/a.ts']), at(60));
    expect(landed.state.claims.map(({ target }) => target)).toEqual(['@db/prod', 'docs/**']);
    expect(landed.result.released.map(({ target }) => target)).toEqual(['src/**']);
    expect(landed.events).toContainEqual(
      expect.objectContaining({ type: 'claim.released', target: '@land/main', agent: 'maya', commit: null }),
    );
    // A branch that is pushed for review, and another branch, are nobody's turn.
    expect(granted(others, landOf('maya', ['src/a.ts'], { review: 'x' })).result.released).toEqual([]);
    expect(granted(others, landOf('maya', ['src/a.ts'], { branch: 'next' })).result.released).toHaveLength(1);
    expect(
      claimsToKeepAlive(own, { agent: 'maya', session: null }, at(1_500)).map(({ target }) => target),
    ).not.toContain('@land/main');
  });

  it('takes the obligation along with a path that left the ground by a rename', () => {
    const blob = 'c'.repeat(40);
    const changes = [
      { base: FROM, path: 'src/a.ts', from: null, blob: null },
      { base: FROM, path: 'lib/a.ts', from: 'src/a.ts', blob },
    ];
    const { releases } = granted(held, landOf('maya', ['src/a.ts', 'lib/a.ts'], { changes })).state;
    expect(releases).toMatchObject([
      {
        target: 'src/**',
        changes: [
          { path: 'src/a.ts', blob: null },
          { path: 'lib/a.ts', blob },
        ],
      },
    ]);
  });
});

describe('groundToClaim', () => {
  const many = (folder: string, count: number) => [...Array(count).keys()].map((index) => `${folder}${index}.ts`);

  it('names few paths as they are, more by their folders, and many folders by the outermost', () => {
    expect(groundToClaim(['src/a.ts', 'b'])).toEqual(['src/a.ts', 'b']);
    expect(groundToClaim([...many('src/api/', 7), 'src/x.ts', 'README.md'])).toEqual(['src/', 'README.md']);
    expect(groundToClaim([...many('src/api/', 7), ...many('src/web/', 7)])).toEqual(['src/api/', 'src/web/']);
    const deep = [...Array(9).keys()].flatMap((index) => [`src/${index}/a.ts`]);
    expect(groundToClaim([...deep, 'AGENTS.md'])).toEqual(['src/', 'AGENTS.md']);
  });

  it('names the folder of a file whose name is not UTF-8, for no claim can name the file', () => {
    expect(groundToClaim(['src/a/b\uFFFD', 'src/a/c'])).toEqual(['src/a/']);
    expect(groundToClaim(['src/\uFFFD/c.ts', 'd'])).toEqual(['src/', 'd']);
    expect(groundToClaim(['\uFFFD'])).toEqual(['/']);
  });

  it('covers every path', () => {
    expect(groundToClaim(many('src/', 6))).toEqual(many('src/', 6));
    expect(groundToClaim([...Array(6).keys()].flatMap((index) => many(`src/${index}/`, 2)))).toHaveLength(6);
    expect(groundToClaim(['src/ab', 'src/a', 'src/a'])).toEqual(['src/ab', 'src/a']);
    const paths = [...many('src/', 3), ...many('src/api/', 9), ...many('d/e/f/', 9), 'x', 'y/z'];
    const ground = groundToClaim(paths);
    expect(paths.filter((path) => !ground.some((one) => path === one || path.startsWith(one)))).toEqual([]);
  });
});

describe('work that is pushed for review', () => {
  const task = stateAfter(EMPTY_STATE, [
    addOf('maya', draftOf('api', { scope: ['src/**'] })),
    takeOf('maya'),
    claimOf('maya', 'docs/**'),
  ]);
  const review = landOf('maya', ['src/a.ts', 'docs/b.md', 'README.md'], { review: 'topic' });

  it('is on the record with the claims that it was made under, and gives none of them back', () => {
    const { state, events, result, summary } = granted(
      held,
      landOf('maya', ['src/a.ts', 'docs/b.md'], { review: 'topic' }),
    );
    const claims = held.claims.filter(({ target }) => target !== '@db/prod').map(({ id }) => id);
    expect(events).toEqual([
      {
        ...{ type: 'work.pushed', at: at(0), agent: 'maya', session: null, commit: WORK, from: FROM, branch: 'topic' },
        ...{ claims, paths: 2 },
      },
    ]);
    expect(result).toEqual({ released: [], done: [] });
    expect(summary).toBe('push bbbbbbb to topic for review by maya');
    expect(state).not.toBe(held);
    expect(state).toEqual(held);
  });

  it('is what its tasks are at, and no others', () => {
    const other = stateAfter(task, [addOf('maya', draftOf('other', { scope: ['lib/**'] }))]);
    const { state } = granted(other, review);
    expect(state.tasks.tasks.map(({ id, commit }) => [id, commit])).toEqual([
      ['t1', WORK],
      ['t2', null],
    ]);
    expect({ ...state, tasks: null }).toEqual({ ...other, tasks: null });
  });

  it('is refused where its paths are not claimed', () => {
    expect(refused(held, landOf('maya', ['src/a.ts', 'src/b.ts'], { review: 'topic' }), at(1800))).toEqual({
      code: 'lost',
      reason: 'unclaimed',
      paths: ['src/a.ts', 'src/b.ts'].map((path) => expect.objectContaining({ path, why: 'expired' })),
    });
  });
});

describe('tasks and landings', () => {
  const two = stateAfter(EMPTY_STATE, [
    addOf('maya', draftOf('api', { scope: ['src/**'] }), draftOf('docs', { scope: ['docs/**'], accept: ['tests'] })),
    takeOf('maya', { id: 't1' }),
    takeOf('maya', { id: 't2', another: true }),
  ]);
  const ground = (task: string) => two.claims.filter(({ tasks }) => tasks.includes(task)).map(({ target }) => target);

  it('a landing ends the task whose ground it has work on, with its claims, and says so', () => {
    const { state, result, summary } = granted(two, landOf('maya', ['src/a.ts']), at(60));
    expect(result.done.map(({ id, evidence, commit }) => [id, evidence, commit])).toEqual([['t1', 'landed', WORK]]);
    expect(result.released.map(({ target }) => target).sort()).toEqual(ground('t1').sort());
    const released = result.released.map(({ target }) => target).join(', ');
    expect(summary).toBe(`land bbbbbbb on main by maya, releasing ${released}, with which t1 is done`);
    expect(state.claims.map(({ target }) => target).sort()).toEqual(ground('t2').sort());
  });

  it('is refused while a gate is closed that one of them wants', () => {
    const [, task] = two.tasks.tasks;
    expect(refused(two, landOf('maya', ['docs/a.md']))).toEqual({
      code: 'closed',
      reason: 'accept',
      task,
      gates: ['tests'],
    });
    const open = { t2: ['tests'] };
    expect(granted(two, landOf('maya', ['docs/a.md'], { open })).result.done).toMatchObject([{ id: 't2' }]);
  });

  it('ends the tasks that are named, none where that is said, and refuses others', () => {
    const open = { t2: ['tests'] };
    const paths = ['src/a.ts', 'docs/a.md'];
    const named = (tasks: string[]) =>
      granted(two, landOf('maya', paths, { tasks, open })).result.done.map(({ id }) => id);
    expect(named(['t2'])).toEqual(['t2']);
    expect(named(['t2', 't1'])).toEqual(['t2', 't1']);
    expect(named(['none'])).toEqual([]);
    expect(granted(two, landOf('maya', paths, { tasks: ['none'], open })).summary).toBe('land bbbbbbb on main by maya');
    expect(refused(two, landOf('maya', paths, { tasks: ['t9'], open }))).toMatchObject({ code: 'usage', task: 't9' });
    expect(refused(two, { ...landOf('maya', ['README.md'], { tasks: ['t1'] }), ...baseOf('noor') })).toMatchObject({
      ...{ code: 'lost', reason: 'not-your-task', task: { id: 't1' } },
    });
  });
});

describe('what a pull request has merged', () => {
  const mergedOf = (agent: string, targets: readonly string[], changes: object = {}) => ({
    ...{ ...baseOf(agent), kind: 'merged' as const, targets: targets.map(patternTarget), commit: WORK },
    ...{ changes: null, unfinished: [], open: {} },
    ...changes,
  });
  const two = stateAfter(EMPTY_STATE, [
    addOf('maya', draftOf('both', { scope: ['src/**', 'docs/**'] }), draftOf('lib', { scope: ['lib/**'] })),
    takeOf('maya', { id: 't1' }),
    takeOf('maya', { id: 't2', another: true }),
  ]);

  it('gives back those claims at its commit, and no others', () => {
    const { state, result, events, summary } = granted(held, mergedOf('maya', ['src/**', 'docs/**']), at(60));
    expect(result.released.map(({ target }) => target)).toEqual(['src/**', 'docs/**']);
    expect(result.done).toEqual([]);
    expect(state.claims.map(({ target }) => target)).toEqual(['@db/prod']);
    expect(state.releases.map(({ target, commit }) => [target, commit])).toEqual([
      ['src/**', WORK],
      ['docs/**', WORK],
    ]);
    expect(events.map(({ type }) => type)).toEqual(['claim.released', 'claim.released']);
    expect(summary).toBe('release src/**, docs/** by maya, merged at bbbbbbb');
    expect(refused(held, mergedOf('noor', ['src/**']))).toMatchObject({ code: 'lost', reason: 'lost' });
  });

  it('ends the tasks that it has all of, and leaves those with work of which it has not', () => {
    expect(granted(two, mergedOf('maya', ['src/**', 'docs/**']), at(60)).result.done.map(({ id }) => id)).toEqual([
      't1',
    ]);
    expect(granted(two, mergedOf('maya', ['src/**']), at(60)).result.done.map(({ id }) => id)).toEqual(['t1']);
    const unfinished = [patternTarget('docs/**')];
    expect(granted(two, mergedOf('maya', ['src/**'], { unfinished }), at(60)).result.done).toEqual([]);
    const other = [patternTarget('lib/**')];
    expect(granted(two, mergedOf('maya', ['src/**'], { unfinished: other }), at(60)).result.done).toHaveLength(1);
  });

  it('is refused while a gate is closed that a task wants', () => {
    const wants = stateAfter(EMPTY_STATE, [
      addOf('maya', draftOf('api', { scope: ['src/**'], accept: ['tests'] })),
      takeOf('maya'),
    ]);
    expect(refused(wants, mergedOf('maya', ['src/**']))).toMatchObject({
      code: 'closed',
      reason: 'accept',
      gates: ['tests'],
    });
    expect(granted(wants, mergedOf('maya', ['src/**'], { open: { t1: ['tests'] } })).result.done).toHaveLength(1);
  });

  it('ends the submissions that were integrated under those claims', () => {
    const file = {
      path: 'src/a.ts',
      blob: WORK,
      mode: '100644' as const,
      bytes: 1,
      base: null,
      baseMode: null,
      carriesBase: false,
    };
    const submission = {
      ...{
        id: 'n1',
        agent: 'hand',
        session: null,
        at: at(0),
        to: null,
        text: 'x',
        commit: null,
        task: null,
        closed: null,
      },
      files: [file],
      integrated: { by: 'maya', at: at(1), paths: ['src/a.ts'] },
    };
    const elsewhere = {
      ...submission,
      id: 'n2',
      integrated: { by: 'maya', at: at(1), paths: ['src/b.ts', 'lib/c.ts'] },
    };
    const others = { ...submission, id: 'n3', integrated: { by: 'noor', at: at(1), paths: ['src/a.ts'] } };
    const state = { ...held, submissions: [submission, elsewhere, others] };
    for (const request of [mergedOf('maya', ['src/**', 'docs/**']), landOf('maya', ['src/a.ts'])]) {
      const decision = granted(state, request, at(60));
      expect(decision.state.submissions.map(({ closed }) => closed)).toEqual([
        { how: 'landed', by: 'maya', at: at(60), reason: null },
        ...[null, null],
      ]);
      expect(decision.events.at(-1)).toEqual({
        ...{ type: 'work.done', at: at(60), agent: 'maya', session: null, submission: 'n1', author: 'hand' },
      });
    }
    expect(granted(state, mergedOf('maya', ['docs/**'])).state.submissions).toEqual(state.submissions);
  });
});

it('what was lost in another session, or elsewhere, is not what a path was lost by', () => {
  const claimed = granted(EMPTY_STATE, claimOf('maya', ['src/a.ts', 'src/B.ts'], { session: 's1' })).state;
  const theft = { ...claimOf('noor', ['src/a.ts', 'src/B.ts']), reason: 'gone' };
  const { kind: _, ...terms } = theft;
  const taken = granted(claimed, { ...baseOf('noor'), kind: 'take-over', claim: terms }).state;
  const free = { ...taken, claims: [] };
  expect(reasons(free, landOf('maya', ['src/a.ts', 'src/c.ts']))).toEqual(['src/a.ts taken-over', 'src/c.ts not-held']);
  expect(reasons(free, landOf('maya', ['src/a.ts'], { session: 's2' }))).toEqual(['src/a.ts not-held']);
  expect(reasons(free, landOf('maya', ['src/b.ts']))).toEqual(['src/b.ts not-held']);
  const policy = { ...baseOf('maya').policy, foldCase: true };
  expect(reasons(free, landOf('maya', ['src/b.ts'], { policy }))).toEqual(['src/b.ts taken-over']);
});
