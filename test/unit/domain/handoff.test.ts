import { describe, expect, it } from 'vitest';
import type { AcceptRequest, DeclineRequest, HandoffRequest } from '../../../src/domain/claims/handoff.js';
import type { ReleaseRequest, RenewRequest } from '../../../src/domain/claims/release.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { granted, refused, renewOf, stateAfter } from '../../support/decisions.js';
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
    const releases = [
      { target: 'src/**', kind: 'directory', agent: 'pia', token: 1, at: at(0), commit: earlier },
    ] as const;
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
        renames: [],
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
