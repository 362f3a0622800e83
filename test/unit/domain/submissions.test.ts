import { describe, expect, it } from 'vitest';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import type { State, SubmittedFile } from '../../../src/domain/model.js';
import type { DropSubmissionRequest, IntegrateRequest } from '../../../src/domain/submissions/submissions.js';
import type { SubmitRequest } from '../../../src/domain/submissions/submit.js';
import { at, baseOf, claimOf, granted, refused, stateAfter } from '../../support/decisions.js';
import { agentRecord, claimRecord, stateOf } from '../../support/records.js';
import { addOf, draftOf, takeOf } from '../../support/tasks.js';

const FILE: SubmittedFile = {
  path: 'src/1.ts',
  blob: 'a'.repeat(40),
  mode: '100644',
  bytes: 1,
  base: null,
  baseMode: null,
  carriesBase: false,
};

const FLEET = stateOf({
  agents: [
    agentRecord('boss', { role: 'orchestrator' }),
    agentRecord('noor'),
    agentRecord('w1', { role: 'worker' }),
    agentRecord('w2', { role: 'worker' }),
  ],
});

const submitOf = (agent: string, changes: Partial<SubmitRequest> = {}): SubmitRequest => ({
  ...baseOf(agent),
  kind: 'submit',
  to: null,
  text: 'look',
  commit: null,
  files: [FILE],
  task: null,
  ...changes,
});

const integrateOf = (agent: string, submission: string, changes: Partial<IntegrateRequest> = {}): IntegrateRequest => ({
  ...baseOf(agent),
  kind: 'integrate',
  submission,
  paths: ['src/1.ts'],
  scratch: [],
  conflicts: 0,
  person: false,
  ...changes,
});

const dropOf = (agent: string, submission: string, reason: string | null = 'no'): DropSubmissionRequest => ({
  ...baseOf(agent),
  kind: 'drop-submission',
  submission,
  reason,
  person: false,
});

function open(changes: Partial<SubmitRequest> = {}): { readonly state: State; readonly id: string } {
  const { state, result } = granted(FLEET, submitOf('w1', changes));
  return { state, id: result.submission.id };
}

const holding = (state: State, agent: string, changes = {}): State => ({
  ...state,
  claims: [claimRecord(1, { agent, ...changes })],
});

describe('a submission', () => {
  it('is a record of its own; the note only tells of it', () => {
    const { state, id } = open();
    expect(state.submissions).toMatchObject([{ id, agent: 'w1', to: null, closed: null }]);
    expect(state.notes).toMatchObject([{ id, agent: 'w1', to: ['boss'], kind: 'handoff' }]);
    const blind = holding({ ...state, notes: [] }, 'boss');
    expect(granted(blind, integrateOf('boss', id)).result.submission.integrated).toMatchObject({ by: 'boss' });
  });

  it('is forgotten a day after it ended, and not before; an open one never', () => {
    const { state, id } = open();
    const ended = granted(state, dropOf('w1', id), at(10)).state;
    const later = (seconds: number) => granted(ended, submitOf('w2', { text: `${seconds}` }), at(seconds)).state;
    expect(later(86_000).submissions).toHaveLength(2);
    expect(later(86_500).submissions.map(({ agent }) => agent)).toEqual(['w2']);
    expect(granted(state, submitOf('w2'), at(1_000_000)).state.submissions).toHaveLength(2);
  });

  it('goes to no worker, no stranger, nobody stopped, and not to oneself', () => {
    const kill = { by: 'boss', at: at(0), reason: 'x' };
    const state = { ...FLEET, agents: [...FLEET.agents, agentRecord('zoe', { killed: kill })] };
    for (const [to, reason] of [
      ['w2', 'no-integrator'],
      ['nobody', 'unknown-agent'],
      ['zoe', 'killed-agent'],
      ['w1', 'oneself'],
    ] as const) {
      expect(refused(state, submitOf('w1', { to }))).toMatchObject({ code: 'usage', reason });
    }
    const without = { ...FLEET, agents: FLEET.agents.filter(({ role }) => role !== 'orchestrator') };
    expect(refused(without, submitOf('w1'))).toEqual({
      code: 'usage',
      reason: 'no-integrator',
      to: null,
      candidates: ['noor'],
    });
  });

  it('again is the same one, unless anything of it differs', () => {
    const { state, id } = open();
    const again = granted(state, submitOf('w1'));
    expect([again.state, again.result.submission.id, again.result.added]).toEqual([state, id, false]);
    for (const other of [
      { text: 'other' },
      { to: 'noor' },
      { commit: 'c'.repeat(40) },
      { files: [{ ...FILE, bytes: 2 }] },
    ])
      expect(granted(state, submitOf('w1', other)).result.added).toBe(true);
  });
});

describe('integrating', () => {
  it('needs a live exclusive claim of one’s own on each path of the surface', () => {
    const { state, id } = open();
    for (const [claims, why] of [
      [{ agent: 'noor' }, 'held-by-other'],
      [{ agent: 'boss', mode: 'shared' }, 'shared'],
      [{ agent: 'boss', target: 'src/other.ts' }, 'not-held'],
      [{ agent: 'w1' }, 'held-by-other'],
    ] as const) {
      const refusal = refused(holding(state, claims.agent, claims), integrateOf('boss', id));
      expect(refusal).toMatchObject({ code: 'lost', reason: 'unclaimed', paths: [{ path: 'src/1.ts', why }] });
    }
    const done = granted(holding(state, 'boss'), integrateOf('boss', id));
    expect(done.events.map(({ type }) => type)).toEqual(['work.integrated', 'note.added']);
    expect(done.events[0]).toMatchObject({ author: 'w1', submission: id, claims: ['c1'] });
    expect(done.state.claims).toHaveLength(1);
    // Notes are numbered one after the other, also those that the program writes.
    expect(done.state.notes.map((note) => note.id)).toEqual(['n1', 'n2']);
  });

  it('of the author’s own scratch is not stopped by its claim there, but by one elsewhere', () => {
    const { state, id } = open();
    const scratch = [patternTarget('scratch/w1/**')];
    const asked = { paths: ['scratch/w1/a'], scratch };
    const held = (target: string) => holding(state, 'w1', { target, kind: 'directory' });
    expect(granted(held('scratch/w1/**'), integrateOf('boss', id, asked)).ok).toBe(true);
    expect(refused(held('scratch/**'), integrateOf('boss', id, asked))).toMatchObject({ reason: 'unclaimed' });
    const other = holding(state, 'noor', { target: 'scratch/w1/**', kind: 'directory' });
    expect(refused(other, integrateOf('boss', id, asked))).toMatchObject({ reason: 'unclaimed' });
  });

  it('is for the orchestrator, a person, or whom it was submitted to; for no worker', () => {
    const toAll = open();
    const toNoor = open({ to: 'noor' });
    const may = (agent: string, { state, id }: typeof toAll, person = false) => {
      const request = integrateOf(agent, id, { person, paths: [] });
      try {
        return granted(state, request).ok;
      } catch {
        return refused(state, request).reason !== 'not-integrator';
      }
    };
    expect([may('boss', toAll), may('noor', toAll), may('noor', toAll, true), may('w2', toAll, true)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([may('boss', toNoor), may('noor', toNoor), may('w2', toNoor)]).toEqual([true, true, false]);
    const demoted = { ...toNoor.state, agents: [agentRecord('noor', { role: 'worker' })] };
    expect(may('noor', { state: demoted, id: toNoor.id })).toBe(false);
  });

  it('is done in one place at a time, and there again until it has landed', () => {
    const { state, id } = open();
    const first = granted(state, integrateOf('boss', id, { paths: ['README.md', 'docs/a'] }), at(5));
    expect(first.result.submission).toMatchObject({ closed: null, integrated: { by: 'boss', at: at(5) } });
    const omar = agentRecord('omar', { role: 'orchestrator' });
    const both = { ...first.state, agents: [...first.state.agents, omar] };
    for (const request of [integrateOf('omar', id), dropOf('omar', id), dropOf('w1', id)]) {
      expect(refused(both, request, at(6))).toMatchObject({
        code: 'lost',
        reason: 'submission-closed',
        submission: { integrated: { by: 'boss', at: at(5) } },
      });
    }
    const again = granted(both, integrateOf('boss', id, { paths: ['README.md'] }), at(7));
    expect(again.result).toMatchObject({ again: true, submission: { integrated: { paths: ['README.md', 'docs/a'] } } });
    expect(again.events.map(({ type }) => type)).toEqual(['work.integrated']);
    expect(granted(again.state, dropOf('boss', id)).result.submission.closed).toMatchObject({ how: 'declined' });
  });

  it('is another’s to do once the first holds none of it, and half an hour has passed, or is stopped', () => {
    const { state, id } = open();
    const held = holding(state, 'boss', { expiresAt: at(9_000), ttlSeconds: 9_000 });
    const omar = agentRecord('omar', { role: 'orchestrator' });
    const first = granted({ ...held, agents: [...held.agents, omar] }, integrateOf('boss', id)).state;
    const asks = integrateOf('omar', id, { paths: [] });
    expect(refused(first, asks, at(1_900))).toMatchObject({ reason: 'submission-closed' });
    const free = { ...first, claims: [] };
    expect(refused(free, asks, at(1_700))).toMatchObject({ reason: 'submission-closed' });
    expect(granted(free, asks, at(1_900)).result.submission.integrated?.by).toBe('omar');
    const kill = { by: 'omar', at: at(0), reason: 'x' };
    const stopped = {
      ...first,
      agents: first.agents.map((one) => (one.id === 'boss' ? { ...one, killed: kill } : one)),
    };
    expect(granted(stopped, asks, at(10)).result.submission.integrated?.by).toBe('omar');
  });

  it('can be declined by who may integrate, and withdrawn by its author', () => {
    const { state, id } = open();
    const declined = granted(state, dropOf('boss', id));
    expect(declined.state.notes.at(-1)).toMatchObject({ agent: 'boss', to: ['w1'], text: `declined ${id}: no` });
    expect(declined.events[0]).toMatchObject({ type: 'work.declined', reason: 'no' });
    const withdrawn = granted(state, dropOf('w1', id, null));
    expect(withdrawn.events.map(({ type }) => type)).toEqual(['work.withdrawn']);
    expect(refused(state, dropOf('noor', id))).toMatchObject({ code: 'closed', reason: 'not-integrator' });
    expect(refused(state, dropOf('noor', 'nope'))).toMatchObject({ reason: 'unknown-submission', open: [id] });
  });
});

describe('the result of a task', () => {
  const task = { kind: 'path' as const, text: 'src/1.ts' };
  const given = stateAfter(FLEET, [addOf('boss', { ...draftOf('fix'), scope: [task] })]);
  const taken = stateAfter(given, [takeOf('w1')]);
  const handed = granted(taken, submitOf('w1'));
  const { id } = handed.result.submission;
  const standing = (state: State) => state.tasks.tasks[0];

  it('is what the one who has it submits; its ground is free for who integrates', () => {
    expect(handed.result).toMatchObject({ task: { id: 't1', state: 'submitted', submission: id }, late: false });
    expect([handed.state.claims, handed.state.releases]).toEqual([[], []]);
    expect(handed.events.map(({ type }) => type)).toContain('task.submitted');
    expect(granted(taken, submitOf('w1', { task: 'none' })).result).toMatchObject({ task: null });
    expect(refused(taken, submitOf('w2', { task: 't1' }))).toMatchObject({ code: 'lost', reason: 'not-your-task' });
    const two = stateAfter(taken, [addOf('boss', draftOf('b')), takeOf('w1', { another: true })]);
    expect(refused(two, submitOf('w1'))).toMatchObject({ reason: 'which-task' });
  });

  it('is open again when it is declined, with the reason and an attempt more; withdrawn without', () => {
    const declined = standing(granted(handed.state, dropOf('boss', id, 'the API stays')).state);
    expect(declined).toMatchObject({ state: 'open', attempts: 1, submission: null });
    expect(declined?.tries).toMatchObject([{ agent: 'w1', how: 'declined', reason: 'the API stays' }]);
    const withdrawn = standing(granted(handed.state, dropOf('w1', id, null)).state);
    expect(withdrawn).toMatchObject({ state: 'open', attempts: 0, tries: [{ how: 'withdrawn' }] });
  });

  it('is done when what was integrated lands, all of it, and only then is the submission over', () => {
    const held = granted(handed.state, claimOf('boss', 'src/1.ts')).state;
    const integrated = granted(held, integrateOf('boss', id)).state;
    const landOf = (paths: readonly string[]) => {
      const where = {
        commit: 'c'.repeat(40),
        from: 'd'.repeat(40),
        branch: 'main',
        changes: null,
        tasks: null,
        open: {},
      };
      return { ...baseOf('boss'), kind: 'land' as const, paths, ...where };
    };
    const other = granted(integrated, landOf(['README.md']));
    expect([standing(other.state)?.state, other.state.submissions[0]?.closed]).toEqual(['submitted', null]);
    const { state, result } = granted(integrated, landOf(['README.md', 'src/1.ts']));
    expect(result.done).toMatchObject([{ id: 't1', agent: 'w1', evidence: 'landed', commit: 'c'.repeat(40) }]);
    expect(state.submissions[0]?.closed).toMatchObject({ how: 'landed', by: 'boss' });
    const landed = {
      ...baseOf('boss'),
      kind: 'submissions-landed' as const,
      open: {},
      submissions: [id],
      commit: 'e'.repeat(40),
    };
    expect(granted(integrated, landed).result.done).toMatchObject([{ id: 't1', evidence: 'landed' }]);
    expect(granted(held, landed).state).toBe(held);
  });

  it('that has landed already lands again without an effect, and says so', () => {
    const landed = {
      ...baseOf('boss'),
      kind: 'submissions-landed' as const,
      open: {},
      submissions: ['s1'],
      commit: 'a'.repeat(40),
    };
    expect(granted(FLEET, landed, at(1)).summary).toBe('nothing landed, by boss');
  });

  it('that comes late is kept beside the task, which is another’s', () => {
    const others = granted(taken, takeOf('w2'), at(1_900)).state;
    const late = granted(others, submitOf('w1', { task: 't1' }), at(1_901));
    expect(late.result).toMatchObject({ late: true, task: { id: 't1', agent: 'w2', state: 'taken' } });
    expect(standing(late.state)?.late).toMatchObject([{ agent: 'w1', submission: late.result.submission.id }]);
    const lapsed = granted(taken, submitOf('w1'), at(1_900));
    expect(lapsed.result).toMatchObject({ late: false, task: { state: 'submitted', attempts: 1 } });
  });
});

describe('the record of a submission', () => {
  it('says in one sentence who hands what to whom, applies it, or ends it', () => {
    expect(granted(FLEET, submitOf('w1')).summary).toBe('submit 1 file by w1 to any orchestrator');
    expect(granted(FLEET, submitOf('w1', { to: 'noor', files: [FILE, { ...FILE, path: 'b' }] })).summary).toBe(
      'submit 2 files by w1 to noor',
    );
    const { state, id } = open();
    const integrated = granted(holding(state, 'boss'), integrateOf('boss', id), at(5));
    expect(integrated.summary).toBe(`integrate ${id} of w1 by boss`);
    expect(granted(state, dropOf('boss', id), at(5)).summary).toBe(`decline ${id} of w1 by boss`);
    expect(granted(state, dropOf('w1', id), at(5)).summary).toBe(`withdraw ${id} of w1 by w1`);
    const landed = {
      ...baseOf('boss'),
      kind: 'submissions-landed' as const,
      open: {},
      submissions: [id],
      commit: 'c'.repeat(40),
    };
    expect(granted(integrated.state, landed, at(6)).summary).toBe(`${id} landed, by boss`);
    expect(granted(state, landed, at(6)).summary).toBe('nothing landed, by boss');
  });

  it('tells its author what became of it, once, and never itself', () => {
    const { state, id } = open();
    const ground = holding(state, 'boss');
    const once = granted(ground, integrateOf('boss', id), at(5));
    expect(once.state.notes.at(-1)).toMatchObject({
      agent: 'boss',
      to: ['w1'],
      text: `integrated ${id}`,
      needsAck: [],
      ref: id,
    });
    expect(once.events.map(({ type }) => type)).toEqual(['work.integrated', 'note.added']);
    const twice = granted(once.state, integrateOf('boss', id), at(6));
    expect(twice.state.notes).toHaveLength(once.state.notes.length);
    expect(granted(state, dropOf('boss', id), at(5)).state.notes.at(-1)?.text).toBe(`declined ${id}: no`);
    expect(granted(state, dropOf('boss', id, null), at(5)).state.notes.at(-1)?.text).toBe(`declined ${id}`);
    expect(granted(state, dropOf('w1', id), at(5)).state.notes).toHaveLength(state.notes.length);
  });

  it('keeps all paths that were changed by it, sorted, however often it is applied', () => {
    const { state, id } = open();
    const ground = holding(state, 'boss', { target: 'src/**', kind: 'directory' });
    const first = granted(ground, integrateOf('boss', id, { paths: ['src/b', 'src/a'] }), at(5)).state;
    const both = granted(first, integrateOf('boss', id, { paths: ['src/0', 'src/a'] }), at(6));
    expect(both.result).toMatchObject({
      again: true,
      submission: { integrated: { by: 'boss', at: at(6), paths: ['src/0', 'src/a', 'src/b'] } },
    });
  });

  it('ended twice by the same is ended once, and by nobody else', () => {
    const { state, id } = open();
    const ended = granted(state, dropOf('boss', id), at(5));
    expect(ended.result).toMatchObject({
      again: false,
      submission: { closed: { how: 'declined', by: 'boss', reason: 'no' } },
    });
    expect(granted(ended.state, dropOf('boss', id, 'other'), at(6))).toMatchObject({
      ...{ state: ended.state, events: [], result: { again: true, submission: ended.result.submission } },
    });
    for (const request of [dropOf('w1', id), { ...dropOf('noor', id), person: true }])
      expect(refused(ended.state, request, at(6))).toEqual({
        ...{ code: 'lost', reason: 'submission-closed', submission: ended.result.submission },
      });
  });

  it('that nobody has is refused with those that are open', () => {
    const { state, id } = open();
    const other = granted(state, submitOf('w2', { text: 'more' })).state;
    const ended = granted(other, dropOf('w1', id), at(5)).state;
    const still = ended.submissions.filter(({ closed }) => closed === null).map((one) => one.id);
    for (const request of [integrateOf('boss', 'n99'), dropOf('boss', 'n99')])
      expect(refused(ended, request)).toEqual({
        code: 'usage',
        reason: 'unknown-submission',
        submission: 'n99',
        open: still,
      });
    expect(still).toHaveLength(1);
  });

  it('is decided by whom it is for, by an orchestrator or a person, and withdrawn by who made it', () => {
    const { state, id } = open({ to: 'noor' });
    expect(refused(holding(state, 'kim'), integrateOf('kim', id))).toEqual({
      code: 'closed',
      reason: 'not-integrator',
      role: 'peer',
      submission: state.submissions[0],
      orchestrators: ['boss'],
    });
    expect(refused(state, dropOf('w2', id))).toMatchObject({ reason: 'not-integrator', role: 'worker' });
    for (const agent of ['noor', 'boss', 'w1']) expect(granted(state, dropOf(agent, id)).result.again).toBe(false);
    expect(granted(state, { ...dropOf('kim', id), person: true }).result.again).toBe(false);
  });

  it('that an agent applies is applied by nobody else for half an hour, or while it holds its ground', () => {
    const { state, id } = open();
    const applied = granted(holding(state, 'boss'), integrateOf('boss', id), at(0)).state;
    const free = { ...applied, claims: [claimRecord(9, { agent: 'noor', target: 'src/1.ts', expiresAt: at(9000) })] };
    const byNoor = { ...integrateOf('noor', id), person: true };
    expect(refused(free, byNoor, at(1799.999))).toMatchObject({ reason: 'submission-closed' });
    expect(granted(free, byNoor, at(1800)).result.submission.integrated?.by).toBe('noor');
    const held = { ...free, claims: [claimRecord(1, { agent: 'boss', target: 'src/1.ts', expiresAt: at(9000) })] };
    expect(refused(held, byNoor, at(2000))).toMatchObject({ reason: 'submission-closed' });
    const kill = { by: 'x', at: at(1), reason: 'y' };
    const stopped = { ...free, agents: free.agents.map((one) => (one.id === 'boss' ? { ...one, killed: kill } : one)) };
    expect(granted(stopped, byNoor, at(10)).result.submission.integrated?.by).toBe('noor');
  });
});

describe('the task of a submission', () => {
  const taken = stateAfter(FLEET, [addOf('boss', draftOf('api', { scope: ['src/**'] })), takeOf('noor')]);
  const submitted = granted(taken, submitOf('noor', { commit: 'c'.repeat(40) }), at(5));
  const id = submitted.result.submission.id;

  it('is submitted with it, on the record, and its ground is free', () => {
    expect(submitted.result).toMatchObject({
      late: false,
      added: true,
      task: { id: 't1', state: 'submitted', submission: id },
    });
    expect(submitted.state.claims).toEqual([]);
    expect(submitted.state.notes.at(-1)?.text).toMatch(new RegExp(`^t1: look · 1 file: .*${id}$`));
    expect(submitted.events).toContainEqual(
      expect.objectContaining({ type: 'task.submitted', agent: 'noor', task: 't1', submission: id, at: at(5) }),
    );
    const again = granted(submitted.state, submitOf('noor', { commit: 'c'.repeat(40) }), at(6));
    expect(again).toMatchObject({
      state: submitted.state,
      events: [],
      result: { late: false, added: false, task: { id: 't1' } },
    });
  });

  it('is open again when it is turned down, and says why', () => {
    const { state, events } = granted(submitted.state, dropOf('boss', id), at(9));
    expect(state.tasks.tasks).toMatchObject([
      { id: 't1', state: 'open', agent: null, tries: [{ agent: 'noor', how: 'declined', reason: 'no' }] },
    ]);
    expect(events).toContainEqual({
      ...{ type: 'task.reopened', at: at(9), agent: 'noor', session: null, task: 't1', how: 'declined', reason: 'no' },
      ...{ commit: 'c'.repeat(40), attempts: state.tasks.tasks[0]?.attempts },
    });
    const other = granted(submitted.state, submitOf('w2', { text: 'other' }), at(6));
    const dropped = granted(other.state, dropOf('boss', other.result.submission.id), at(9)).state;
    expect(dropped.tasks.tasks).toMatchObject([{ state: 'submitted' }]);
  });

  it('is done when it has landed, and no other', () => {
    const more = stateAfter(submitted.state, [addOf('boss', draftOf('docs', { scope: ['docs/**'] }))]);
    const integrated = granted(holding(more, 'boss'), integrateOf('boss', id), at(7)).state;
    const landed = {
      ...baseOf('boss'),
      kind: 'submissions-landed' as const,
      open: {},
      submissions: [id],
      commit: 'd'.repeat(40),
    };
    const { state, result, events } = granted(integrated, landed, at(9));
    expect(result.done).toMatchObject([{ id: 't1', state: 'done', evidence: 'landed', commit: 'd'.repeat(40) }]);
    expect(state.tasks.tasks.map((task) => task.state)).toEqual(['done', 'open']);
    expect(events.map(({ type }) => type)).toEqual(['task.done', 'work.done']);
  });
});
