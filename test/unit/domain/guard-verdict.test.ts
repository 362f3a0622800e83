import { describe, expect, it } from 'vitest';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import type { Target } from '../../../src/domain/ground/targets.js';
import { type GuardFacts, judgeChange } from '../../../src/domain/guard/judge.js';
import { CoordError } from '../../../src/errors.js';
import { agentRecord, claimRecord, stateOf } from '../../support/records.js';
import { at, POLICY, START } from '../../support/requests.js';

const policy = { ...POLICY, scratch: [patternTarget('src/tmp/**')] };
const maya = { agent: 'maya', session: null, policy };
const ground = (...texts: string[]): Target[] => texts.map(patternTarget);
const ERROR = new CoordError('unavailable', 'cannot be known');

const held = stateOf({
  claims: [
    claimRecord(1, { target: 'src/api/**', kind: 'directory' }),
    claimRecord(2, { target: 'src/web/**', kind: 'directory', agent: 'noor' }),
    claimRecord(3, { target: 'src/own.ts' }),
  ],
});
const killed = stateOf({ agents: [agentRecord('maya', { killed: { by: 'boss', at: START, reason: 'loops' } })] });
const worker = stateOf({ agents: [agentRecord('maya', { role: 'worker' })] });

function judge(changes: Partial<GuardFacts>, seconds = 0) {
  const facts = { ground: ground('src/a.ts'), surface: policy, changer: maya, state: held, excused: new Set<string>() };
  return judgeChange({ ...facts, mayClaim: false, ...changes }, at(seconds));
}

describe('a change that can be judged', () => {
  it('is banned whatever else is known, where nobody may do it', () => {
    const ban = { reason: 'deletes-main', branch: 'main' } as const;
    expect(judge({ ban, ground: ERROR, surface: null })).toEqual({ kind: 'banned', ban });
  });

  it('is allowed where nobody coordinates, off the surface, and under a claim of its own', () => {
    expect(judge({ surface: null, changer: ERROR, state: ERROR })).toEqual({ kind: 'allowed', due: [] });
    expect(judge({ ground: ground('docs/a.md') })).toEqual({ kind: 'allowed', due: [] });
    expect(judge({ ground: ground('src/api/a.ts') })).toEqual({ kind: 'allowed', due: [] });
    expect(judge({ ground: ground() })).toEqual({ kind: 'allowed', due: [] });
  });

  it('renews what is past half of its life, but only where it is made under a claim', () => {
    const due = held.claims.filter(({ agent }) => agent === 'maya');
    expect(judge({ ground: ground('src/api/a.ts') }, 901)).toEqual({ kind: 'allowed', due });
    expect(judge({ ground: ground('docs/a.md') }, 901)).toEqual({ kind: 'allowed', due: [] });
    expect(judge({ ground: ground('src/api/a.ts', 'src/b.ts'), excused: new Set(['src/b.ts']) }, 901)).toMatchObject({
      due,
    });
  });

  it('is refused with just the ground that is not under a claim', () => {
    expect(judge({ ground: ground('src/api/a.ts', 'src/a.ts', 'docs/x', 'src/web/b.ts') })).toEqual({
      kind: 'refused',
      refusal: {
        code: 'lost',
        reason: 'unclaimed',
        paths: [
          { path: 'src/a.ts', why: 'not-held', holder: null, loss: null },
          { path: 'src/web/b.ts', why: 'held-by-other', holder: held.claims[1], loss: null },
        ],
      },
      ground: ground('src/a.ts', 'src/web/b.ts'),
      excusable: false,
    });
  });

  it('may be excused while nobody has looked which paths need no claim', () => {
    expect(judge({ excused: null })).toMatchObject({ kind: 'refused', ground: ground('src/a.ts'), excusable: true });
    expect(judge({ excused: new Set(['src/a.ts']) })).toEqual({ kind: 'allowed', due: [] });
    expect(judge({ excused: new Set(['src/b.ts']) })).toMatchObject({ kind: 'refused', excusable: false });
    expect(judge({ ground: ground('src/lib/**'), excused: new Set(['src/lib/**']) })).toMatchObject({
      kind: 'refused',
    });
  });

  it('can be claimed first where that is let, and nothing else than a claim is missing', () => {
    for (const mayClaim of [true, false]) {
      const kind = mayClaim ? 'claimable' : 'refused';
      expect(judge({ mayClaim })).toMatchObject({ kind, ground: ground('src/a.ts'), refusal: { reason: 'unclaimed' } });
      expect(judge({ mayClaim, excused: null })).toMatchObject({ kind: 'refused', excusable: true });
      expect(judge({ mayClaim, state: worker })).toMatchObject({ kind: 'refused', refusal: { reason: 'role' } });
    }
  });

  it('of a stopped agent is refused, and nothing excuses it', () => {
    for (const excused of [null, new Set(['src/a.ts']), ERROR])
      expect(judge({ state: killed, excused, mayClaim: true })).toMatchObject({
        ...{ kind: 'refused', refusal: { reason: 'killed', kill: { by: 'boss' } }, ground: [], excusable: false },
      });
  });

  it('of a worker is refused but in its scratch paths, which need no claim', () => {
    const states = stateOf({ agents: [...worker.agents, agentRecord('boss', { role: 'orchestrator' })] });
    expect(judge({ state: states, ground: ground('src/tmp/x', 'src/a.ts', 'docs/b.md') })).toEqual({
      kind: 'refused',
      refusal: { code: 'closed', reason: 'role', targets: ['src/a.ts', 'docs/b.md'], orchestrators: ['boss'] },
      ground: [],
      excusable: false,
    });
    for (const scratch of ['src/tmp/x', 'src/tmp/deep/**', 'src/tmp/*.ts'])
      expect(judge({ state: states, ground: ground(scratch) })).toEqual({ kind: 'allowed', due: [] });
    expect(judge({ state: states, ground: ground('src/**') })).toMatchObject({ kind: 'refused' });
    const folded = { ...policy, foldCase: true };
    expect(judge({ state: states, ground: ground('SRC/TMP/x') })).toMatchObject({ kind: 'refused' });
    expect(judge({ state: states, ground: ground('SRC/TMP/x'), changer: { ...maya, policy: folded } })).toMatchObject({
      kind: 'allowed',
    });
  });
});

describe('a change that cannot be judged', () => {
  it('is undecided where it is not known what changes, or what the surface is', () => {
    expect(judge({ ground: ERROR })).toEqual({ kind: 'undecided', error: ERROR, ground: [], excusable: false });
    expect(judge({ surface: ERROR, ground: ground('docs/a', 'b') })).toEqual({
      ...{ kind: 'undecided', error: ERROR, ground: ['docs/a', 'b'], excusable: false },
    });
  });

  it.each([
    ['who changes it', { changer: ERROR }],
    ['what is claimed', { state: ERROR }],
  ])('is closed on the surface, and open off it, where it is not known %s', (_, unknown) => {
    const mixed = ground('src/a.ts', 'docs/b.md', 'src/c.ts', 'lib/**', '{src,x}/*.js');
    expect(judge({ ...unknown, ground: mixed })).toEqual({
      ...{ kind: 'undecided', error: ERROR, ground: ['src/a.ts', 'src/c.ts', '{src,x}/*.js'], excusable: false },
    });
    expect(judge({ ...unknown, ground: mixed, excused: null })).toMatchObject({ kind: 'undecided', excusable: true });
    expect(judge({ ...unknown, ground: mixed, excused: ERROR })).toMatchObject({
      ...{ kind: 'undecided', ground: ['src/a.ts', 'src/c.ts', '{src,x}/*.js'], excusable: false },
    });
    expect(judge({ ...unknown, ground: mixed, excused: new Set(['src/a.ts', '{src,x}/*.js']) })).toMatchObject({
      ground: ['src/c.ts', '{src,x}/*.js'],
    });
    expect(judge({ ...unknown, ground: ground('docs/b.md', 'lib/**') })).toEqual({ kind: 'let-through', error: ERROR });
    expect(judge({ ...unknown, excused: new Set(['src/a.ts']) })).toEqual({ kind: 'let-through', error: ERROR });
  });

  it('goes by letters as they count here', () => {
    const folded = { ...policy, foldCase: true };
    for (const text of ['SRC/a.ts', 'SRC/lib/**']) {
      expect(judge({ state: ERROR, ground: ground(text) })).toMatchObject({ kind: 'let-through' });
      expect(judge({ state: ERROR, ground: ground(text), surface: folded })).toMatchObject({ kind: 'undecided' });
    }
  });

  it('of several parts of the surface one is enough', () => {
    const surface = { ...policy, surface: ground('lib/**', 'src/**') };
    for (const text of ['src/a.ts', 'src/x/**']) {
      expect(judge({ state: ERROR, ground: ground(text), surface })).toMatchObject({ kind: 'undecided' });
    }
  });

  it('is closed as well where a refusal stands, and it is not known which paths need no claim', () => {
    expect(judge({ excused: ERROR })).toEqual({
      kind: 'undecided',
      error: ERROR,
      ground: ['src/a.ts'],
      excusable: false,
    });
    expect(judge({ excused: ERROR, ground: ground('src/api/a.ts') })).toEqual({ kind: 'allowed', due: [] });
  });
});
