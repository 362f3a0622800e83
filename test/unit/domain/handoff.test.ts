import { describe, expect, it } from 'vitest';
import {
  type AcceptRequest,
  type DeclineRequest,
  type HandoffRequest,
  workOfOffers,
} from '../../../src/domain/claims/handoff.js';
import type { ReleaseRequest, RenewRequest } from '../../../src/domain/claims/release.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { granted, refused, renewOf, stateAfter } from '../../support/decisions.js';
import { releaseRecord } from '../../support/records.js';
import { at, claimOf, POLICY } from '../../support/requests.js';

const WORK = 'a'.repeat(40);
const BASE = 'b'.repeat(40);

const base = (agent: string) => ({ operation: `op-${agent}`, agent, session: null, policy: POLICY });
const targetsOf = (texts: readonly string[]) => texts.map(patternTarget);

function handoffOf(
  agent: string,
  to: string | null,
  targets: readonly string[],
  changes: Partial<HandoffRequest> = {},
) {
  const given = { commit: WORK, commitNamed: false, note: null };
  return { ...base(agent), kind: 'handoff' as const, targets: targetsOf(targets), to, ...given, ...changes };
}

function acceptOf(agent: string, targets: readonly string[] | null, changes: Partial<AcceptRequest> = {}) {
  const given = { head: WORK, contains: {}, allowBehind: false, reach: 'clone' as const, rules: null };
  return { ...base(agent), kind: 'accept' as const, targets: targets && targetsOf(targets), ...given, ...changes };
}

function declineOf(agent: string, targets: readonly string[] | null): DeclineRequest {
  return { ...base(agent), kind: 'decline', targets: targets && targetsOf(targets), reason: 'busy' };
}

/** Maya holds two claims that she began at BASE; noor and omar are known. */
const fleet = stateAfter(EMPTY_STATE, [
  claimOf('maya', 'src/api/**', { head: BASE, reason: 'pagination', expectSeconds: 60 }),
  claimOf('maya', '@db/main', { head: BASE }),
  claimOf('noor', 'docs/**'),
  claimOf('omar', 'rules/**'),
]);
const offered = stateAfter(fleet, [handoffOf('maya', 'noor', ['src/api/**'])], at(60));

function claimOn(state: State, target: string) {
  return state.claims.find((claim) => claim.target === target);
}

describe('an offer', () => {
  it('leaves the claim with its holder', () => {
    const { state, events } = granted(fleet, handoffOf('maya', 'noor', ['src/api/**']), at(60));
    expect(claimOn(state, 'src/api/**')).toEqual({
      ...claimOn(fleet, 'src/api/**'),
      offer: { to: 'noor', at: at(60), commit: WORK, declined: null },
    });
    expect(events).toMatchObject([{ type: 'claim.offered', agent: 'maya', to: 'noor', commit: WORK }]);
    expect(refused(state, claimOf('noor', 'src/api/**'), at(61))).toMatchObject({ reason: 'held' });
  });

  it('changes nothing when it is made again', () => {
    const again = granted(offered, handoffOf('maya', 'noor', ['src/api/**']), at(70));
    expect(again.state).toBe(offered);
    expect(again.events).toEqual([]);
  });

  it('is renewed when there is more work', () => {
    const more = 'd'.repeat(40);
    const { state } = granted(offered, handoffOf('maya', 'noor', ['src/api/**'], { commit: more }), at(70));
    expect(claimOn(state, 'src/api/**')?.offer).toMatchObject({ commit: more, at: at(70) });
  });

  it('goes to another agent instead, or is withdrawn', () => {
    const moved = stateAfter(offered, [handoffOf('maya', 'omar', ['src/api/**'])], at(61));
    expect(refused(moved, acceptOf('noor', ['src/api/**']), at(62))).toMatchObject({ reason: 'not-offered' });
    const withdrawn = stateAfter(offered, [handoffOf('maya', null, ['src/api/**'])], at(61));
    expect(claimOn(withdrawn, 'src/api/**')?.offer).toBeNull();
    expect(granted(withdrawn, acceptOf('noor', null), at(62)).result.claims).toEqual([]);
  });

  it('survives a renewal', () => {
    const renew: RenewRequest = { ...base('maya'), kind: 'renew', targets: null, ttlSeconds: null };
    expect(claimOn(stateAfter(offered, [renew], at(90)), 'src/api/**')?.offer?.to).toBe('noor');
  });

  it('binds nobody to a commit in which nothing was done', () => {
    const unmoved = stateAfter(fleet, [handoffOf('maya', 'noor', ['src/api/**'], { commit: BASE })]);
    expect(claimOn(unmoved, 'src/api/**')?.offer?.commit).toBeNull();
  });

  it('puts its note into the log, and not into the claims', () => {
    const { state, result, events } = granted(fleet, handoffOf('maya', 'noor', ['src/api/**'], { note: 'tests left' }));
    expect(state.notes).toMatchObject([{ kind: 'handoff', to: ['noor'], target: 'src/api/**', text: 'tests left' }]);
    expect(result.note?.id).toBe(state.notes[0]?.id);
    expect(events.map(({ type }) => type)).toEqual(['claim.offered', 'note.added']);
    expect(JSON.stringify(state.claims)).not.toContain('tests left');
  });

  it.each([
    ['nobody', 'unknown-agent'],
    ['maya', 'oneself'],
    ['omar', 'killed-agent'],
  ])('to %s is refused as %s, and changes nothing', (to, reason) => {
    const kill = { by: 'boss', at: at(0), reason: 'loops' };
    const state = { ...fleet, agents: fleet.agents.map((one) => (one.id === 'omar' ? { ...one, killed: kill } : one)) };
    expect(refused(state, handoffOf('maya', to, ['src/api/**']))).toMatchObject({ code: 'usage', reason, agent: to });
  });

  it('of a claim that is lost is refused as lost', () => {
    expect(refused(fleet, handoffOf('noor', 'maya', ['src/api/**']))).toMatchObject({ code: 'lost' });
    expect(refused(fleet, handoffOf('maya', 'noor', ['src/api/**']), at(1801))).toMatchObject({ code: 'lost' });
  });
});

describe('accepting', () => {
  it('keeps target, mode and time to live, and starts a new life with a larger token', () => {
    const before = claimOn(offered, 'src/api/**');
    const { state, events, result } = granted(offered, acceptOf('noor', ['src/api/**'], { head: WORK }), at(600));
    expect(result.claims).toMatchObject([
      { target: 'src/api/**', mode: 'exclusive', ttlSeconds: 1800, reason: 'pagination', agent: 'noor', base: WORK },
    ]);
    expect(result.claims[0]).toMatchObject({
      acquiredAt: at(600),
      renewedAt: at(600),
      expiresAt: at(2400),
      offer: null,
    });
    expect(result.claims[0]?.token).toBe(offered.lastToken + 1);
    expect(result.claims[0]?.expectSeconds).toBeNull();
    expect(result.claims[0]?.id).not.toBe(before?.id);
    expect(state.lastToken).toBe(offered.lastToken + 1);
    expect(events).toMatchObject([{ type: 'claim.handed-off', agent: 'noor', from: 'maya', fromClaim: before?.id }]);
  });

  it('leaves word to the former holder, and takes its claim away', () => {
    const taken = stateAfter(offered, [acceptOf('noor', null)], at(61));
    expect(taken.agents.find(({ id }) => id === 'maya')?.losses).toMatchObject([
      { target: 'src/api/**', how: 'handed-over', by: 'noor' },
    ]);
    const renew: RenewRequest = {
      ...base('maya'),
      kind: 'renew',
      targets: targetsOf(['src/api/**']),
      ttlSeconds: null,
    };
    expect(refused(taken, renew, at(62))).toMatchObject({ code: 'lost', targets: [{ why: 'handed-over' }] });
  });

  it('needs the work of the one who offers', () => {
    const lacking = { head: BASE };
    expect(refused(offered, acceptOf('noor', null, lacking), at(61))).toMatchObject({
      code: 'behind',
      missing: [{ commit: WORK, agent: 'maya' }],
    });
    expect(granted(offered, acceptOf('noor', null, { ...lacking, contains: { [WORK]: true } }), at(61)).ok).toBe(true);
    const allowed = granted(offered, acceptOf('noor', null, { ...lacking, allowBehind: true }), at(61));
    expect(allowed.result.claims).toMatchObject([{ allowedBehind: true }]);
    expect(allowed.events[0]).toMatchObject({ allowedBehind: true });
  });

  it('needs the work of earlier holders too', () => {
    const earlier = 'c'.repeat(40);
    const releases = [releaseRecord('src/**', { kind: 'directory', agent: 'pia', commit: earlier })];
    const refusal = refused({ ...offered, releases }, acceptOf('noor', null), at(61));
    expect(refusal).toMatchObject({ code: 'behind', missing: [{ commit: earlier, agent: 'pia' }] });
  });

  it('records the release, so that the next holder must have that work as well', () => {
    const taken = stateAfter(offered, [acceptOf('noor', null)], at(61));
    const release: ReleaseRequest = {
      ...{
        ...base('noor'),
        kind: 'release',
        targets: null,
        commit: WORK,
        commitNamed: false,
        changes: null,
        uncommitted: false,
      },
    };
    const free = stateAfter(taken, [release], at(62));
    expect(refused(free, claimOf('omar', 'src/api/users.ts'), at(63))).toMatchObject({ missing: [{ commit: WORK }] });
  });

  it('is refused to anybody else', () => {
    expect(refused(offered, acceptOf('omar', ['src/api/**']), at(61))).toMatchObject({
      code: 'held',
      reason: 'not-offered',
      claims: [{ agent: 'maya' }],
    });
    expect(refused(offered, acceptOf('omar', ['lib/**']), at(61))).toMatchObject({ code: 'lost', reason: 'no-offer' });
    expect(granted(offered, acceptOf('omar', null), at(61)).result.claims).toEqual([]);
  });

  it('takes all that was named, or nothing', () => {
    expect(refused(offered, acceptOf('noor', ['src/api/**', '@db/main']), at(61))).toMatchObject({
      claims: [{ target: '@db/main' }],
    });
  });

  it('takes what was named, and leaves other offers open', () => {
    const both = stateAfter(offered, [handoffOf('maya', 'noor', ['@db/main'])], at(60));
    const { state, result } = granted(both, acceptOf('noor', ['src/api/**']), at(61));
    expect(result.claims.map(({ target }) => target)).toEqual(['src/api/**']);
    expect(claimOn(state, '@db/main')).toMatchObject({ agent: 'maya', offer: { to: 'noor' } });
  });

  it('of a resource needs no commit', () => {
    const resource = stateAfter(fleet, [handoffOf('maya', 'noor', ['@db/main'])]);
    expect(granted(resource, acceptOf('noor', null, { head: BASE })).result.claims).toMatchObject([{ agent: 'noor' }]);
  });

  it('by a clock that is behind starts no earlier than the last stamp', () => {
    const renewed = stateAfter(offered, [renewOf('maya')], at(90));
    const { result } = granted(renewed, acceptOf('noor', null), at(80));
    expect(result.claims).toMatchObject([{ acquiredAt: at(90), renewedAt: at(90), expiresAt: at(1890) }]);
  });

  it('is refused while the one who offers keeps ground inside', () => {
    const nested = stateAfter(offered, [claimOf('maya', 'src/api/users.ts', { contains: {} })], at(60));
    const again = granted(nested, handoffOf('maya', 'noor', ['src/api/**'], { commit: BASE }), at(61));
    expect(again.result.heldBack).toMatchObject([{ target: 'src/api/users.ts' }]);
    expect(refused(nested, acceptOf('noor', null), at(61))).toMatchObject({
      reason: 'held',
      conflicts: [{ target: 'src/api/**', heldTarget: 'src/api/users.ts', agent: 'maya' }],
    });
    const both = granted(nested, handoffOf('maya', 'noor', ['src/api/**', 'src/api/users.ts']), at(61));
    expect(both.result.heldBack).toEqual([]);
    const tokens = granted(both.state, acceptOf('noor', null), at(62)).result.claims.map(({ token }) => token);
    expect(tokens).toEqual([both.state.lastToken + 1, both.state.lastToken + 2]);
    expect(refused(both.state, acceptOf('noor', ['src/api/users.ts']), at(62))).toMatchObject({ reason: 'held' });
  });

  it('is over when the claim is', () => {
    expect(refused(offered, acceptOf('noor', ['src/api/**']), at(1800))).toMatchObject({ reason: 'no-offer' });
  });

  it('is refused to a worker on the surface', () => {
    const worker = {
      ...base('noor'),
      kind: 'session-start' as const,
      role: 'worker' as const,
      person: false,
      rules: null,
    };
    const refusal = refused(stateAfter(offered, [worker], at(60)), acceptOf('noor', null), at(61));
    expect(refusal).toMatchObject({ code: 'closed', reason: 'role', targets: ['src/api/**'] });
  });

  it('of @orchestrator is refused to whoever has not that role', () => {
    const start = { kind: 'session-start' as const, role: 'orchestrator' as const, person: true, rules: null };
    const lead = stateAfter(fleet, [{ ...base('maya'), ...start }, claimOf('maya', '@orchestrator')]);
    const offered = granted(lead, handoffOf('maya', 'noor', ['@orchestrator'])).state;
    for (const targets of [['@orchestrator'], null])
      expect(refused(offered, acceptOf('noor', targets))).toMatchObject({ code: 'closed', reason: 'authority' });
    const led = granted(offered, { ...base('noor'), ...start }).state;
    expect(granted(led, acceptOf('noor', null)).result.claims).toMatchObject([{ agent: 'noor' }]);
  });

  it('by a reader who reads there already leaves it one claim', () => {
    const shared = { mode: 'shared' } as const;
    const readers = stateAfter(EMPTY_STATE, [claimOf('maya', 'src/**', shared), claimOf('noor', 'src/**', shared)]);
    const taken = stateAfter(readers, [handoffOf('maya', 'noor', ['src/**']), acceptOf('noor', null)], at(5));
    expect(taken.claims).toMatchObject([{ agent: 'noor', mode: 'shared', token: readers.lastToken + 1 }]);
  });
});

describe('declining', () => {
  it('leaves the claim to its holder, closes the offer, and says why', () => {
    const { state, events } = granted(offered, declineOf('noor', ['src/api/**']), at(61));
    expect(claimOn(state, 'src/api/**')).toMatchObject({
      agent: 'maya',
      offer: { to: 'noor', declined: { at: at(61), reason: 'busy' } },
    });
    expect(events).toMatchObject([{ type: 'claim.declined', agent: 'maya', by: 'noor', reason: 'busy' }]);
    expect(refused(state, acceptOf('noor', ['src/api/**']), at(62))).toMatchObject({ reason: 'not-offered' });
  });

  it('can be followed by the same offer again', () => {
    const again = stateAfter(offered, [declineOf('noor', null), handoffOf('maya', 'noor', ['src/api/**'])], at(61));
    expect(granted(again, acceptOf('noor', null), at(62)).result.claims).toHaveLength(1);
  });

  it('is refused for what is not offered', () => {
    expect(refused(offered, declineOf('omar', ['src/api/**']), at(61))).toMatchObject({ reason: 'not-offered' });
  });
});

describe('the record of a handover', () => {
  const both = ['src/api/**', '@db/main'];

  it('says in one sentence who offers what to whom, withdraws it, accepts it from whom, or declines it', () => {
    const offers = granted(fleet, handoffOf('maya', 'noor', both), at(60));
    expect(offers.summary).toBe('maya offers src/api/**, @db/main to noor');
    const withdrawn = granted(offers.state, handoffOf('maya', null, both), at(61));
    expect(withdrawn.summary).toBe('maya withdraws the offer of src/api/**, @db/main');
    expect(withdrawn.result).toMatchObject({ note: null, heldBack: [] });
    const accepted = granted(offers.state, acceptOf('noor', null), at(61));
    expect(accepted.summary).toBe('noor accepts src/api/**, @db/main from maya');
    expect(accepted.result.handedOver).toEqual(offers.state.claims.filter(({ offer }) => offer !== null));
    expect(granted(offers.state, declineOf('noor', null), at(61)).summary).toBe('noor declines src/api/**, @db/main');
    const more = stateAfter(offers.state, [handoffOf('omar', 'noor', ['rules/**'])], at(61));
    const all = granted(more, acceptOf('noor', null), at(62));
    expect(all.summary).toBe('noor accepts src/api/**, @db/main, rules/** from maya, omar');
    expect(new Set(all.result.claims.map(({ id }) => id)).size).toBe(3);
  });

  it('writes nothing where there is nothing to withdraw, accept or decline', () => {
    expect(granted(fleet, handoffOf('maya', null, both), at(60)).state).toBe(fleet);
    expect(granted(fleet, acceptOf('noor', null), at(60)).state).toBe(fleet);
    const declined = granted(fleet, declineOf('noor', null), at(60));
    expect(declined.state).toBe(fleet);
    expect(declined.result).toEqual({ claims: [] });
  });

  it('has the note of several claims without a target, and needs no answer', () => {
    const { result } = granted(fleet, handoffOf('maya', 'noor', both, { note: 'mind the tests' }), at(60));
    expect(result.note).toMatchObject({
      ...{
        agent: 'maya',
        kind: 'handoff',
        text: 'mind the tests',
        to: ['noor'],
        target: null,
        needsAck: [],
        ref: null,
      },
    });
    expect(granted(fleet, handoffOf('maya', null, both, { note: 'never mind' }), at(60)).result.note).toBeNull();
  });

  it('names who could be meant where the one named is not', () => {
    expect(refused(fleet, handoffOf('maya', 'nobody', both))).toMatchObject({ known: ['noor', 'omar'] });
    const kill = { by: 'boss', at: at(0), reason: 'loops' };
    const state = { ...fleet, agents: fleet.agents.map((one) => (one.id === 'omar' ? { ...one, killed: kill } : one)) };
    expect(refused(state, handoffOf('maya', 'omar', both))).toMatchObject({ known: ['noor'] });
  });

  it('tells what the new holder is to know of the claim and of the one before it', () => {
    const [before] = offered.claims;
    expect(granted(offered, acceptOf('noor', null, { rules: 'digest' }), at(61)).events).toEqual([
      {
        ...{ type: 'claim.handed-off', at: at(61), agent: 'noor', session: null, claim: 'c5', token: 5 },
        ...{ target: 'src/api/**', mode: 'exclusive', from: 'maya', fromClaim: before?.id, fromToken: before?.token },
        ...{ commit: WORK, expiresAt: at(1861), ttlSeconds: 1800, base: WORK, kind: 'directory', rules: 'digest' },
      },
    ]);
  });
});

describe('ground that is held back from an offer', () => {
  const shared = { mode: 'shared' as const };
  const heldBack = (state: State, targets: readonly string[]) =>
    granted(state, handoffOf('maya', 'noor', targets, { commit: null }), at(61)).result.heldBack.map(
      ({ target }) => target,
    );

  it('is of the one who offers, live, not offered as well, and not read by both', () => {
    const state = stateAfter(fleet, [claimOf('maya', ['src/api/a.ts', 'src/api/b.ts', 'lib/**'])]);
    expect(heldBack(state, ['src/api/**'])).toEqual(['src/api/a.ts', 'src/api/b.ts']);
    expect(heldBack(state, ['src/api/**', 'src/api/a.ts'])).toEqual(['src/api/b.ts']);
    const given = stateAfter(state, [handoffOf('maya', 'noor', ['src/api/a.ts'])], at(60));
    expect(heldBack(given, ['src/api/**'])).toEqual(['src/api/b.ts']);
    const others = stateAfter(given, [handoffOf('maya', 'omar', ['src/api/a.ts'])], at(60));
    expect(heldBack(others, ['src/api/**'])).toEqual(['src/api/a.ts', 'src/api/b.ts']);
  });

  it.each([
    [shared, shared, []],
    [shared, {}, ['docs/a.md']],
    [{}, shared, ['docs/a.md']],
  ])('with modes %j and %j', (outer, inner, expected) => {
    const state = stateAfter(EMPTY_STATE, [
      claimOf('maya', 'docs/**', outer),
      claimOf('maya', 'docs/a.md', inner),
      claimOf('noor', 'x'),
    ]);
    expect(heldBack(state, ['docs/**'])).toEqual(expected);
  });

  it('goes by letters as they count here', () => {
    const policy = { ...POLICY, foldCase: true };
    const state = stateAfter(fleet, [claimOf('maya', 'SRC/API/a.ts', { policy })]);
    const folded = granted(state, handoffOf('maya', 'noor', ['src/api/**'], { policy, commit: null }), at(61));
    expect(folded.result.heldBack).toHaveLength(1);
    expect(heldBack(state, ['src/api/**'])).toEqual([]);
  });

  it('stops the whole answer, and is named with what is free of it', () => {
    const nested = stateAfter(
      offered,
      [handoffOf('maya', 'noor', ['@db/main']), claimOf('maya', 'src/api/a.ts')],
      at(60),
    );
    expect(refused(nested, acceptOf('noor', null), at(61))).toMatchObject({
      ...{ code: 'held', reason: 'held', free: ['@db/main'], queue: [], mode: 'exclusive' },
      asked: [patternTarget('src/api/**'), patternTarget('@db/main')],
      conflicts: [{ target: 'src/api/**', heldTarget: 'src/api/a.ts' }],
    });
  });
});

describe('work that is missing for an offer', () => {
  const two = stateAfter(offered, [handoffOf('maya', 'noor', ['@db/main'])], at(60));

  it('is named with what of the offers is free of it', () => {
    expect(refused(two, acceptOf('noor', null, { head: BASE }), at(61))).toEqual({
      code: 'behind',
      reason: 'behind',
      missing: [{ target: 'src/api/**', released: 'src/api/**', commit: WORK, agent: 'maya', at: at(60) }],
      free: ['@db/main'],
      asked: [patternTarget('src/api/**'), patternTarget('@db/main')],
      mode: 'exclusive',
    });
  });

  it('is what git is asked about', () => {
    const asked = (request: AcceptRequest) => [
      ...new Set(workOfOffers(two, request, at(61)).map(({ commit }) => commit)),
    ];
    expect(asked(acceptOf('noor', null, { head: BASE }))).toEqual([WORK]);
    expect(asked(acceptOf('noor', null, { head: WORK }))).toEqual([]);
    expect(asked(acceptOf('noor', null, { head: BASE, allowBehind: true }))).toEqual([]);
    expect(asked(acceptOf('omar', ['src/api/**'], { head: BASE }))).toEqual([]);
  });
});

it('what was not offered is refused with who holds it and what was asked', () => {
  expect(refused(offered, acceptOf('omar', ['src/api/**', 'lib/**']), at(61))).toEqual({
    ...{ code: 'held', reason: 'not-offered', conflicts: [], free: [], queue: [], mode: 'exclusive' },
    asked: [patternTarget('src/api/**'), patternTarget('lib/**')],
    claims: offered.claims.filter(({ target }) => target === 'src/api/**'),
  });
  expect(refused(offered, acceptOf('omar', ['lib/**', '@x']), at(61))).toEqual({
    code: 'lost',
    reason: 'no-offer',
    targets: ['lib/**', '@x'],
  });
});

it('a reader who accepts keeps its other claims, and readers elsewhere keep theirs', () => {
  const shared = { mode: 'shared' as const };
  const readers = stateAfter(EMPTY_STATE, [
    claimOf('maya', 'src/**', shared),
    claimOf('noor', ['src/**', 'docs/**'], shared),
    claimOf('omar', 'src/**', shared),
    handoffOf('maya', 'noor', ['src/**']),
  ]);
  const { state, events } = granted(readers, acceptOf('noor', null), at(5));
  expect(state.claims.map(({ agent, target }) => `${agent} ${target}`)).toEqual([
    ...['noor docs/**', 'omar src/**', 'noor src/**'],
  ]);
  expect(events.map(({ type, claim, commit }) => [type, claim, commit])).toEqual([
    ['claim.released', 'c2', null],
    ['claim.handed-off', 'c5', null],
  ]);
});
