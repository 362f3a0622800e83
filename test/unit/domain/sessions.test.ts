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

it('a session without an id is a new one each time', () => {
  const first = granted(EMPTY_STATE, startOf('maya', { session: null }));
  const again = granted(first.state, startOf('maya', { session: null }), at(60));
  expect(again.result.agent).toMatchObject({ startedAt: at(60), lastSeen: at(60) });
  expect(again.events).toEqual([
    { type: 'agent.started', at: at(60), agent: 'maya', session: null, role: 'peer', rules: 'r1' },
  ]);
});

it('the end of a session says how it was closed, where that is known', () => {
  const closing = { session: 's1', released: [], kept: [], commit: null };
  const end = endOf('maya', 's1');
  expect(granted(started.state, { ...end, closing }, at(60)).result.closing).toEqual(closing);
  expect(granted(started.state, end, at(60))).toMatchObject({
    result: { closing: null, agent: { id: 'maya', lastSeen: at(60) } },
    events: [{ type: 'agent.ended', at: at(60), agent: 'maya', session: 's1' }],
    summary: 'session of maya ends',
  });
  expect(started.summary).toBe('session of maya starts as peer');
});

describe('what an agent says that it does', () => {
  const stateOf = (text: string | null) => ({ ...baseOf('maya'), kind: 'set-state' as const, text });

  it('stands in its record until something else does, and nowhere else', () => {
    const said = granted(started.state, stateOf('reading'), at(60));
    expect(said.result.agent).toEqual({ ...started.result.agent, state: 'reading', lastSeen: at(60) });
    expect(said).toMatchObject({ events: [], summary: 'state of maya: reading' });
    expect(findAgent(said.state, 'maya')).toEqual(said.result.agent);
    const cleared = granted(said.state, stateOf(null), at(70));
    expect(cleared.result.agent).toMatchObject({ state: null, lastSeen: at(70) });
    expect(cleared.summary).toBe('state of maya cleared');
  });

  it('writes nothing when it is said already, or nobody ever said anything', () => {
    const said = granted(started.state, stateOf('reading'), at(60)).state;
    const again = granted(said, stateOf('reading'), at(70));
    expect(again.state).toBe(said);
    expect(again.result.agent).toMatchObject({ id: 'maya', state: 'reading' });
    const never = granted(EMPTY_STATE, stateOf(null));
    expect(never.state).toBe(EMPTY_STATE);
    expect(never.result.agent).toMatchObject({ id: 'maya', state: null });
  });
});
