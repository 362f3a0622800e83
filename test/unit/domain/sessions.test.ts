import { describe, expect, it } from 'vitest';
import { findAgent } from '../../../src/domain/agents/agents.js';
import type { SessionEndRequest, SessionStartRequest } from '../../../src/domain/agents/sessions.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { at, baseOf, granted, START } from '../../support/decisions.js';

function startOf(agent: string, changes: Partial<SessionStartRequest> = {}): SessionStartRequest {
  return {
    ...baseOf(agent),
    kind: 'session-start',
    session: 's1',
    role: 'peer',
    person: false,
    rules: 'r1',
    ...changes,
  };
}

function endOf(agent: string, session: string | null): SessionEndRequest {
  return { ...baseOf(agent), kind: 'session-end', session };
}

const started = granted(EMPTY_STATE, startOf('maya'));

describe('the start of a session', () => {
  it('records session, role, rules and time, and an event', () => {
    expect(started.result.agent).toMatchObject({
      id: 'maya',
      session: 's1',
      role: 'peer',
      rules: 'r1',
      startedAt: START,
    });
    expect(started.events).toMatchObject([{ type: 'agent.started', agent: 'maya', session: 's1', rules: 'r1' }]);
  });

  it('once more changes nothing', () => {
    const again = granted(started.state, startOf('maya'), at(60));
    expect(again.state).toBe(started.state);
    expect(again.events).toEqual([]);
    expect(again.result.agent).toEqual(started.result.agent);
  });

  it('once more with new rules or another role records them, from the same beginning', () => {
    for (const change of [{ rules: 'r2' }, { role: 'worker' as const }]) {
      const again = granted(started.state, startOf('maya', change), at(60));
      expect(again.result.agent).toMatchObject({ ...change, session: 's1', startedAt: START, lastSeen: at(60) });
      expect(again.events).toHaveLength(1);
    }
  });

  it('of another session begins again', () => {
    const next = granted(started.state, startOf('maya', { session: 's2' }), at(60));
    expect(next.result.agent).toMatchObject({ session: 's2', startedAt: at(60) });
  });
});

describe('the end of a session', () => {
  it('takes the session from the record, and leaves role and rules', () => {
    const ended = granted(started.state, endOf('maya', 's1'), at(60));
    expect(ended.result.agent).toMatchObject({ session: null, role: 'peer', rules: 'r1' });
    expect(ended.events).toMatchObject([{ type: 'agent.ended', session: 's1' }]);
  });

  it('leaves a newer session of the agent alone', () => {
    const newer = granted(started.state, startOf('maya', { session: 's2' })).state;
    expect(findAgent(granted(newer, endOf('maya', 's1')).state, 'maya')?.session).toBe('s2');
  });
});
