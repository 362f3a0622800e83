import { describe, expect, it } from 'vitest';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import type { Policy } from '../../../src/domain/request.js';
import type { Request } from '../../../src/domain/request-table.js';
import { baseOf, granted, keepAliveOf, refused, releaseOf, renewOf } from '../../support/decisions.js';
import { agentRecord, claimRecord, stateOf } from '../../support/records.js';
import { claimOf, POLICY, waitOf } from '../../support/requests.js';

const STRICT: Policy = { ...POLICY, requiredRules: { digest: 'new' } };
const inSession = { policy: STRICT, session: 's1' };

function fleetOf(rules: string | null, session: string | null = 's1') {
  return stateOf({ agents: [agentRecord('maya', { session, rules })] });
}

describe('with requireSession', () => {
  it('a session that has loaded the rules in force is granted ground', () => {
    expect(granted(fleetOf('new'), claimOf('maya', 'src/a.ts', inSession)).result.claims).toHaveLength(1);
  });

  it.each([
    ['an agent that was never here', stateOf(), 'no-session', null],
    ['an agent whose session has ended', fleetOf('new', null), 'no-session', 'new'],
    ['another session of the agent', fleetOf('new', 's2'), 'other-session', 'new'],
    ['a session with older rules', fleetOf('old'), 'older-rules', 'old'],
    ['a session that found no rules', fleetOf(null), 'older-rules', null],
  ] as const)('%s is refused', (_, state, why, loaded) => {
    expect(refused(state, claimOf('maya', 'src/a.ts', inSession))).toEqual({
      code: 'closed',
      reason: 'session-required',
      why,
      loaded,
      inForce: 'new',
    });
  });

  it('so is a command that does not know its session', () => {
    const request = claimOf('maya', 'src/a.ts', { policy: STRICT, session: null });
    expect(refused(fleetOf('new'), request)).toMatchObject({ reason: 'session-required', why: 'other-session' });
  });

  it('any session will do where there are no rules', () => {
    const policy = { ...POLICY, requiredRules: { digest: null } };
    expect(granted(fleetOf(null), claimOf('maya', 'src/a.ts', { policy, session: 's1' })).ok).toBe(true);
    expect(refused(stateOf(), claimOf('maya', 'src/a.ts', { policy }))).toMatchObject({ why: 'no-session' });
  });

  const claim = claimOf('maya', 'src/a.ts', inSession);
  const base = { ...baseOf('maya'), ...inSession };
  const granting: readonly Request[] = [
    claim,
    waitOf('maya', 'src/a.ts', inSession),
    { ...base, kind: 'take-over', claim },
    { ...base, kind: 'once-begin', key: 'k', claim, command: 'x', retry: false },
    {
      ...base,
      kind: 'accept',
      targets: null,
      head: null,
      contains: {},
      allowBehind: false,
      reach: 'clone',
      rules: null,
    },
    { ...base, kind: 'land', commit: 'c', branch: 'main', from: 'b', paths: [], changes: null, tasks: null, open: {} },
  ];
  it.each(granting.map((request) => [request.kind, request] as const))('holds for %s', (_, request) => {
    expect(refused(fleetOf('old'), request)).toMatchObject({ code: 'closed', reason: 'session-required' });
    expect(
      refused(fleetOf('old'), { ...request, policy: { ...STRICT, surface: [patternTarget('**')] } }),
    ).toMatchObject({ reason: 'session-required' });
  });

  it('what gives back, renews or only waits is not refused', () => {
    const state = { ...fleetOf('old'), claims: [claimRecord(1, { session: 's1' })] };
    const others: readonly Request[] = [
      releaseOf('maya', inSession),
      renewOf('maya', inSession),
      keepAliveOf('maya', inSession),
      waitOf('maya', 'src/b.ts', { ...inSession, passive: true }),
      { ...base, kind: 'session-start', role: 'peer', person: false, rules: 'new' },
      { ...base, kind: 'session-end' },
      { ...base, kind: 'set-state', text: 'x' },
    ];
    for (const request of others) expect([request.kind, granted(state, request).ok]).toEqual([request.kind, true]);
  });
});
