import { describe, expect, it } from 'vitest';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import type { State, SubmittedFile } from '../../../src/domain/model.js';
import type {
  DropSubmissionRequest,
  IntegrateRequest,
  SubmitRequest,
} from '../../../src/domain/submissions/submissions.js';
import { at, baseOf, granted, refused } from '../../support/decisions.js';
import { agentRecord, claimRecord, stateOf } from '../../support/records.js';

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
    expect(granted(blind, integrateOf('boss', id)).result.submission.closed).toMatchObject({ how: 'integrated' });
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

  it('happens once: who comes second is told of the first, the same agent gets the same answer', () => {
    const { state, id } = open();
    const first = granted(state, integrateOf('boss', id, { paths: [] }), at(5));
    const second = { ...first.state, agents: [...first.state.agents, agentRecord('omar', { role: 'orchestrator' })] };
    expect(refused(second, integrateOf('omar', id))).toMatchObject({
      code: 'lost',
      reason: 'submission-closed',
      submission: { closed: { how: 'integrated', by: 'boss', at: at(5) } },
    });
    expect(granted(first.state, integrateOf('boss', id)).result.again).toBe(true);
    expect(granted(first.state, integrateOf('boss', id)).events).toEqual([]);
    expect(refused(first.state, dropOf('boss', id))).toMatchObject({ reason: 'submission-closed' });
    expect(refused(first.state, dropOf('w1', id))).toMatchObject({ reason: 'submission-closed' });
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
