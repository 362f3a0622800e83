import { describe, expect, it } from 'vitest';
import type { KillRequest, ReviveRequest } from '../../../src/domain/agents/kill.js';
import type { HandoffRequest } from '../../../src/domain/claims/handoff.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE, type Role, type State } from '../../../src/domain/model.js';
import type { Request } from '../../../src/domain/request-table.js';
import { granted, refused, stateAfter } from '../../support/decisions.js';
import { at, claimOf, POLICY, waitOf } from '../../support/requests.js';

const base = (agent: string) => ({ operation: `op-${agent}`, agent, session: null, policy: POLICY });
const startOf = (agent: string, role: Role): Request => ({
  ...base(agent),
  kind: 'session-start',
  role,
  person: false,
  rules: null,
});

function killOf(agent: string, victim: string, changes: Partial<KillRequest> = {}): KillRequest {
  return { ...base(agent), kind: 'kill', victim, reason: 'loops', person: false, ...changes };
}

function reviveOf(agent: string, victim: string, person = false): ReviveRequest {
  return { ...base(agent), kind: 'revive', victim, person };
}

/** boss orchestrates; noor holds two claims and waits; maya has offered noor one of hers. */
const offer: HandoffRequest = {
  ...{ ...base('maya'), kind: 'handoff', targets: [patternTarget('src/api/**')], to: 'noor' },
  ...{ commit: null, commitNamed: false, note: null },
};
const fleet = stateAfter(EMPTY_STATE, [
  startOf('boss', 'orchestrator'),
  startOf('hand', 'worker'),
  claimOf('maya', 'src/api/**'),
  claimOf('noor', 'docs/**'),
  claimOf('noor', '@db/main'),
  waitOf('noor', 'src/api/users.ts'),
  offer,
]);
const killed = stateAfter(fleet, [killOf('boss', 'noor')], at(5));

function agentOf(state: State, agent: string) {
  return state.agents.find(({ id }) => id === agent);
}

describe('stopping an agent', () => {
  it('revokes its claims, ends its waits and declines what was offered to it, each on the record', () => {
    const { state, events, result } = granted(fleet, killOf('boss', 'noor'), at(5));
    expect(state.claims.map(({ agent }) => agent)).toEqual(['maya']);
    expect(state.waiters).toEqual([]);
    expect(agentOf(state, 'noor')).toMatchObject({ killed: { by: 'boss', at: at(5), reason: 'loops' } });
    expect(agentOf(state, 'noor')?.losses).toMatchObject([
      { target: 'docs/**', how: 'revoked', by: 'boss', reason: 'loops' },
      { target: '@db/main', how: 'revoked' },
    ]);
    expect(state.claims[0]?.offer?.declined?.reason).toContain('noor was stopped');
    expect(events.map(({ type }) => type)).toEqual([
      ...['agent.killed', 'claim.lost', 'claim.lost', 'wait.ended', 'claim.declined'],
    ]);
    expect(events[0]).toMatchObject({ agent: 'noor', by: 'boss', reason: 'loops' });
    expect(result.revoked).toHaveLength(2);
  });

  it('leaves what is of others where it is', () => {
    const more = stateAfter(fleet, [
      waitOf('omar', 'docs/a.md'),
      { ...offer, to: 'boss' },
      claimOf('kim', 'lib/**'),
      { ...offer, ...base('kim'), targets: [patternTarget('lib/**')], to: 'maya' },
    ]);
    const { state, events, result, summary } = granted(more, killOf('boss', 'noor'), at(5));
    expect(state.waiters.map(({ agent }) => agent)).toEqual(['omar']);
    expect(state.claims.map(({ offer }) => offer?.declined)).toEqual([null, null]);
    expect(events.map(({ type }) => type)).toEqual(['agent.killed', 'claim.lost', 'claim.lost', 'wait.ended']);
    expect(result.waiters.map(({ agent }) => agent)).toEqual(['noor']);
    expect(summary).toBe('kill noor by boss: loops');
  });

  it('says on the record what was lost, what ended and what was declined, and why', () => {
    const { events, result } = granted(fleet, killOf('boss', 'noor'), at(5));
    const declined = 'noor was stopped: loops';
    expect(events.slice(1)).toMatchObject([
      { target: 'docs/**', agent: 'noor', how: 'revoked', by: 'boss', reason: 'loops', expiresAt: at(1800) },
      { target: '@db/main', agent: 'noor', how: 'revoked' },
      { type: 'wait.ended', agent: 'noor', outcome: 'revoked' },
      { type: 'claim.declined', agent: 'maya', target: 'src/api/**', by: 'noor', reason: declined },
    ]);
    expect(result).toMatchObject({ changed: true, agent: { id: 'noor', killed: { by: 'boss' } } });
    const again = granted(killed, killOf('boss', 'noor'), at(9)).result;
    expect(again).toEqual({ agent: result.agent, revoked: [], waiters: [], changed: false });
  });

  it('and a refusal name who could be meant', () => {
    const known = ['hand', 'maya', 'noor'];
    expect(refused(fleet, killOf('boss', 'nobody'))).toMatchObject({ agent: 'nobody', known });
    expect(refused(fleet, killOf('boss', 'boss'))).toMatchObject({ agent: 'boss', known });
    expect(granted(killed, reviveOf('boss', 'noor'), at(9))).toMatchObject({
      result: { changed: true, agent: { id: 'noor', killed: null } },
      summary: 'revive noor by boss',
    });
  });

  it('refuses it everything that writes', () => {
    for (const request of [claimOf('noor', 'lib/**'), waitOf('noor', 'lib/**'), startOf('noor', 'peer')]) {
      expect(refused(killed, request, at(6))).toMatchObject({ code: 'closed', reason: 'killed', kill: { by: 'boss' } });
    }
  });

  it('changes nothing the second time, whatever the reason', () => {
    const again = granted(killed, killOf('boss', 'noor', { reason: 'again' }), at(9));
    expect(again.state).toBe(killed);
    expect(again.events).toEqual([]);
    expect(again.result.agent.killed?.reason).toBe('loops');
  });

  it.each([
    ['a peer', 'maya', false, false],
    ['a worker', 'hand', false, false],
    ['a worker at a terminal', 'hand', true, false],
    ['a person', 'paul', true, true],
    ['an orchestrator', 'boss', false, true],
  ])('by %s', (_, agent, person, allowed) => {
    const request = killOf(agent, 'noor', { person });
    if (allowed) expect(granted(fleet, request, at(5)).result.revoked).toHaveLength(2);
    else expect(refused(fleet, request, at(5))).toMatchObject({ code: 'closed', reason: 'authority' });
    if (!allowed)
      expect(refused(killed, reviveOf(agent, 'noor', person), at(6))).toMatchObject({ reason: 'authority' });
  });

  it('is refused for an unknown agent and for oneself', () => {
    expect(refused(fleet, killOf('boss', 'nobody'))).toMatchObject({ code: 'usage', reason: 'unknown-agent' });
    expect(refused(fleet, killOf('boss', 'boss'))).toMatchObject({ code: 'usage', reason: 'oneself' });
  });

  it('names the orchestrators that can be asked', () => {
    const two = stateAfter(fleet, [startOf('other', 'orchestrator'), killOf('boss', 'other')]);
    expect(refused(two, killOf('maya', 'noor'))).toMatchObject({ reason: 'authority', orchestrators: ['boss'] });
  });

  it('is refused to one who was stopped', () => {
    const both = stateAfter(killed, [startOf('other', 'orchestrator'), killOf('boss', 'other')], at(6));
    expect(refused(both, killOf('other', 'maya'), at(7))).toMatchObject({ reason: 'killed' });
  });
});

describe('reviving', () => {
  it('lets the agent act again, with nothing in hand', () => {
    const { state, events } = granted(killed, reviveOf('boss', 'noor'), at(9));
    expect(events).toMatchObject([{ type: 'agent.revived', agent: 'noor', by: 'boss' }]);
    expect(state.claims.filter(({ agent }) => agent === 'noor')).toEqual([]);
    expect(granted(state, claimOf('noor', 'docs/**'), at(10)).ok).toBe(true);
  });

  it('of an agent that was not stopped changes nothing', () => {
    const { state, result, events } = granted(fleet, reviveOf('boss', 'maya'));
    expect(state).toBe(fleet);
    expect(events).toEqual([]);
    expect(result.changed).toBe(false);
  });

  it('is refused for an unknown agent, and to the stopped one itself', () => {
    expect(refused(killed, reviveOf('boss', 'nobody'), at(9))).toMatchObject({ reason: 'unknown-agent' });
    expect(refused(killed, reviveOf('noor', 'noor', true), at(9))).toMatchObject({ reason: 'killed' });
  });
});
