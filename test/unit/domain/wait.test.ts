import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { type LeaveQueueRequest, suspectedWaitsOf } from '../../../src/domain/waiting/wait.js';
import { baseOf, granted, refused, releaseOf } from '../../support/decisions.js';
import { at, claimOf, POLICY, START, waitOf } from '../../support/requests.js';

function queueOf(state: State): string[] {
  return state.waiters.map(({ agent }) => agent);
}

function leaveOf(agent: string, ticket: string, outcome: LeaveQueueRequest['outcome']): LeaveQueueRequest {
  return { ...baseOf(agent), kind: 'leave-queue', ticket, outcome };
}

describe('waiting', () => {
  const held = granted(EMPTY_STATE, claimOf('maya', 'src/api/**')).state;

  it('queues, and writes the edge into the state', () => {
    const { state, events, result } = granted(held, waitOf('noor', 'src/api/users.ts'));
    expect(queueOf(state)).toEqual(['noor']);
    expect(events.map(({ type }) => type)).toEqual(['wait.started']);
    expect(result).toMatchObject({ status: 'waiting', conflicts: [{ agent: 'maya', heldTarget: 'src/api/**' }] });
  });

  it('grants at once what is free', () => {
    const { state, result } = granted(held, waitOf('noor', 'docs/**'));
    expect(result).toMatchObject({ status: 'granted', claims: [{ target: 'docs/**', agent: 'noor' }] });
    expect(queueOf(state)).toEqual([]);
  });

  it('serves the first that came, whoever asks first after the release', () => {
    let state = held;
    const first = granted(state, waitOf('noor', 'src/api/users.ts'));
    state = first.state;
    state = granted(state, waitOf('omar', 'src/api/**')).state;
    state = granted(state, releaseOf('maya')).state;
    const late = granted(state, waitOf('omar', 'src/api/**'));
    expect(late.result).toMatchObject({ status: 'waiting', conflicts: [{ agent: 'noor', waiting: true }] });
    const turn = granted(state, waitOf('noor', 'src/api/users.ts'));
    expect(turn.result).toMatchObject({ status: 'granted' });
    expect(queueOf(turn.state)).toEqual(['omar']);
    expect(turn.events.map(({ type }) => type)).toEqual(['wait.ended', 'claim.granted']);
  });

  it('does not let a claim that does not wait pass the queue', () => {
    const queued = granted(held, waitOf('noor', 'src/api/**')).state;
    const free = granted(queued, releaseOf('maya')).state;
    expect(refused(free, claimOf('omar', 'src/api/x.ts'))).toMatchObject({
      reason: 'held',
      conflicts: [{ agent: 'noor', waiting: true }],
    });
    expect(granted(free, claimOf('omar', 'docs/**')).result.claims).toHaveLength(1);
  });

  it('lets a waiting writer stop later readers, but not those that read already', () => {
    const reading = granted(EMPTY_STATE, claimOf('maya', 'src/**', { mode: 'shared' })).state;
    const queued = granted(reading, waitOf('noor', 'src/**')).state;
    expect(refused(queued, claimOf('omar', 'src/a.ts', { mode: 'shared' }))).toMatchObject({
      conflicts: [{ agent: 'noor', waiting: true }],
    });
    expect(granted(queued, claimOf('maya', 'src/a.ts', { mode: 'shared' })).result.claims).toHaveLength(1);
  });

  it.each([
    ['lives', 1799, null],
    ['is over, and only within the tolerance not yet another’s', 1805, 'noor'],
  ])('lets a holder pass the queue with a claim that %s', (_, seconds, stoppedBy) => {
    const queued = granted(held, waitOf('noor', 'src/api/**'), at(1795)).state;
    const again = decide(queued, claimOf('maya', 'src/api/**'), at(seconds));
    expect(again.ok ? null : again.refusal).toEqual(
      stoppedBy === null
        ? null
        : expect.objectContaining({ conflicts: [expect.objectContaining({ agent: stoppedBy, waiting: true })] }),
    );
  });

  it('tells of a waiter in the way all that is told of a holder', () => {
    const asked = waitOf('noor', 'src/api/users.ts', { session: 'n1', reason: 'paging' });
    const free = granted(granted(held, asked).state, releaseOf('maya')).state;
    const refusal = refused(free, claimOf('omar', ['src/api/**', 'docs/**']));
    expect(refusal).toMatchObject({ free: ['docs/**'], queue: [{ agent: 'noor' }] });
    expect('conflicts' in refusal && refusal.conflicts).toEqual([
      {
        target: 'src/api/**',
        heldTarget: 'src/api/users.ts',
        overlap: 'src/api/users.ts',
        agent: 'noor',
        session: 'n1',
        claimId: free.waiters[0]?.id,
        since: START,
        expiresAt: at(20),
        reason: 'paging',
        mode: 'exclusive',
        waiting: true,
      },
    ]);
  });

  it.each([
    ['what its claim covers', 'src/**', 'exclusive', 'src/api/x.ts', 'exclusive', true],
    ['what its claim covers, to read', 'src/**', 'exclusive', 'src/api/x.ts', 'shared', true],
    ['what it reads, to read', 'src/**', 'shared', 'src/api/x.ts', 'shared', true],
    ['what it reads, to write', 'src/**', 'shared', 'src/api/x.ts', 'exclusive', false],
    ['more than its claim covers', 'src/api/x.ts', 'exclusive', 'src/**', 'exclusive', false],
    ['what lies beside its claim', 'src/api/y.ts', 'exclusive', 'src/api/x.ts', 'exclusive', false],
  ] as const)('who holds ground already passes the queue for %s', (_, own, mode, asked, wanted, passes) => {
    const before = granted(EMPTY_STATE, claimOf('maya', own, { mode })).state;
    // The first of noor’s targets keeps it waiting, whatever maya holds.
    const blocked = granted(before, claimOf('omar', '@db')).state;
    const queued = granted(blocked, waitOf('noor', ['@db', 'src/api/x.ts'])).state;
    expect(decide(queued, claimOf('maya', asked, { mode: wanted }), START).ok).toBe(passes);
  });

  it('lets a reader pass readers that wait', () => {
    const blocked = granted(EMPTY_STATE, claimOf('omar', '@db')).state;
    const queued = granted(blocked, waitOf('noor', ['@db', 'src/a.ts'], { mode: 'shared' })).state;
    expect(decide(queued, claimOf('maya', 'src/a.ts', { mode: 'shared' }), START).ok).toBe(true);
    expect(decide(queued, claimOf('maya', 'src/a.ts'), START).ok).toBe(false);
  });

  it('keeps a place for the mode that was asked for: a reader’s is none for writing', () => {
    let state = granted(held, waitOf('noor', 'src/api/**', { mode: 'shared' })).state;
    state = granted(state, waitOf('omar', 'src/api/**')).state;
    state = granted(state, releaseOf('maya')).state;
    expect(refused(state, claimOf('noor', 'src/api/**'))).toMatchObject({
      conflicts: [{ agent: 'omar', waiting: true }],
    });
    const { state: read } = granted(state, claimOf('noor', 'src/api/**', { mode: 'shared' }));
    expect(queueOf(read)).toEqual(['omar']);
  });

  it('refreshes a ticket that is half over, and writes nothing before', () => {
    const first = granted(held, waitOf('noor', 'src/api/**'));
    const ticket = first.state.waiters[0]?.id ?? '';
    const early = granted(first.state, waitOf('noor', 'src/api/**', { ticket }), at(5));
    expect(early.state).toBe(first.state);
    const due = granted(first.state, waitOf('noor', 'src/api/**', { ticket }), at(11));
    expect(due.state.waiters[0]).toMatchObject({ id: ticket, since: START, expiresAt: at(31) });
    expect(due.events).toEqual([]);
  });

  it('drops the ticket of a waiter that died', () => {
    const queued = granted(held, waitOf('noor', 'src/api/**')).state;
    const { state, events } = granted(queued, claimOf('omar', 'docs/**'), at(21));
    expect(queueOf(state)).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'wait.ended', agent: 'noor', outcome: 'lapsed' }));
  });

  it('keeps the place of one who must first bring in the last work', () => {
    const first = granted(held, waitOf('noor', 'src/api/**'));
    const ticket = first.state.waiters[0]?.id ?? '';
    const kept = granted(first.state, leaveOf('noor', ticket, 'behind'), at(5)).state;
    const free = granted(kept, releaseOf('maya'), at(6)).state;
    expect(refused(free, claimOf('omar', 'src/api/**'), at(100))).toMatchObject({ conflicts: [{ agent: 'noor' }] });
    const { state } = granted(free, claimOf('noor', 'src/api/**'), at(100));
    expect(queueOf(state)).toEqual([]);
    expect(granted(free, claimOf('omar', 'src/api/**'), at(126)).result.claims).toHaveLength(1);
  });

  it('leaves the queue on a timeout', () => {
    const first = granted(held, waitOf('noor', 'src/api/**'));
    const ticket = first.state.waiters[0]?.id ?? '';
    const { state, events } = granted(first.state, leaveOf('noor', ticket, 'timeout'), at(9));
    expect(queueOf(state)).toEqual([]);
    expect(events).toEqual([expect.objectContaining({ type: 'wait.ended', outcome: 'timeout', waitedSeconds: 9 })]);
    expect(granted(state, leaveOf('noor', ticket, 'timeout'), at(10)).state).toBe(state);
  });

  it('starves nobody: among many, each is served in the order in which it came', () => {
    let state = held;
    const order = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const agent of order) state = granted(state, waitOf(agent, 'src/api/**')).state;
    state = granted(state, releaseOf('maya')).state;
    const served: string[] = [];
    for (let round = 0; round < order.length; round += 1) {
      for (const agent of order.toReversed()) {
        const decision = granted(state, waitOf(agent, 'src/api/**'));
        if (served.includes(agent) || decision.result.status === 'waiting') continue;
        served.push(agent);
        state = granted(decision.state, releaseOf(agent)).state;
        break;
      }
    }
    expect(served).toEqual(order);
  });

  it('waits passively without stopping anybody', () => {
    const queued = granted(held, waitOf('noor', 'src/api/**', { passive: true })).state;
    const free = granted(queued, releaseOf('maya')).state;
    expect(granted(free, claimOf('omar', 'src/api/**')).result.claims).toHaveLength(1);
    const { result, state } = granted(
      free,
      waitOf('noor', 'src/api/**', { passive: true, ticket: free.waiters[0]?.id ?? null }),
    );
    expect(result).toEqual({ status: 'granted', claims: [] });
    expect(state.claims).toEqual([]);
    expect(queueOf(state)).toEqual([]);
  });
});

describe('deadlock', () => {
  it('refuses the wait that closes a cycle, and spells the cycle out', () => {
    let state = granted(EMPTY_STATE, claimOf('maya', 'a')).state;
    state = granted(state, claimOf('noor', 'b')).state;
    state = granted(state, claimOf('omar', 'c')).state;
    state = granted(state, waitOf('maya', 'b')).state;
    state = granted(state, waitOf('noor', 'c')).state;
    expect(refused(state, waitOf('omar', 'a'))).toMatchObject({
      code: 'held',
      reason: 'deadlock',
      cycle: [
        { agent: 'omar', waitsFor: 'a', heldBy: 'maya' },
        { agent: 'maya', waitsFor: 'b', heldBy: 'noor' },
        { agent: 'noor', waitsFor: 'c', heldBy: 'omar' },
      ],
    });
    expect(granted(state, waitOf('pia', 'a')).result).toMatchObject({ status: 'waiting' });
  });

  it('sees the edge to one who stands before in the queue', () => {
    let state = granted(EMPTY_STATE, claimOf('maya', 'a')).state;
    state = granted(state, claimOf('noor', 'b')).state;
    state = granted(state, waitOf('omar', ['a', 'b'])).state;
    expect(refused(state, waitOf('noor', 'a'))).toMatchObject({
      reason: 'deadlock',
      cycle: [
        { agent: 'noor', waitsFor: 'a', heldBy: 'omar' },
        { agent: 'omar', waitsFor: 'b', heldBy: 'noor' },
      ],
    });
  });

  it('refuses two readers that both wait to write', () => {
    let state = granted(EMPTY_STATE, claimOf('maya', 'a', { mode: 'shared' })).state;
    state = granted(state, claimOf('noor', 'a', { mode: 'shared' })).state;
    state = granted(state, waitOf('maya', 'a')).state;
    expect(refused(state, waitOf('noor', 'a'))).toMatchObject({ reason: 'deadlock' });
  });

  it('raises the alert once, at more than twice what the holder expected', () => {
    const held = granted(EMPTY_STATE, claimOf('maya', 'a', { expectSeconds: 10 })).state;
    const first = granted(held, waitOf('noor', 'a'));
    const ticket = first.state.waiters[0]?.id ?? null;
    const early = granted(first.state, waitOf('noor', 'a', { ticket }), at(19));
    expect(early.events).toEqual([]);
    const late = granted(early.state, waitOf('noor', 'a', { ticket }), at(21));
    expect(late.events).toEqual([
      expect.objectContaining({ type: 'deadlock.suspected', agent: 'noor', holders: ['maya'], waitedSeconds: 21 }),
    ]);
    expect(granted(late.state, waitOf('noor', 'a', { ticket }), at(25)).events).toEqual([]);
  });

  it('raises it at more than twice the default time to live where the holder said nothing', () => {
    const held = granted(EMPTY_STATE, claimOf('maya', 'a')).state;
    const first = granted(held, { ...waitOf('noor', 'a'), ticketSeconds: 9999 });
    const ticket = first.state.waiters[0]?.id ?? null;
    const renewed = { ...first.state, claims: first.state.claims.map((one) => ({ ...one, expiresAt: at(9999) })) };
    const waitingAt = (seconds: number) =>
      granted(renewed, { ...waitOf('noor', 'a', { ticket }), ticketSeconds: 9999 }, at(seconds));
    expect(waitingAt(2 * POLICY.defaultTtlSeconds).events).toEqual([]);
    const late = waitingAt(2 * POLICY.defaultTtlSeconds + 1);
    expect(late.events).toMatchObject([{ type: 'deadlock.suspected', agent: 'noor', holders: ['maya'] }]);
    for (const agent of ['noor', 'maya']) {
      expect(suspectedWaitsOf(late.state, agent, POLICY, at(3602))).toMatchObject([{ edges: [{ heldBy: 'maya' }] }]);
      expect(suspectedWaitsOf(renewed, agent, POLICY, at(3602))).toEqual([]);
    }
    expect(suspectedWaitsOf(late.state, 'omar', POLICY, at(3602))).toEqual([]);
  });

  it('with strict order, asks only for what sorts after all that is held', () => {
    const strict = { policy: { ...POLICY, lockOrder: 'strict' as const } };
    const state = granted(EMPTY_STATE, claimOf('maya', 'm', strict)).state;
    expect(refused(state, claimOf('maya', 'a', strict))).toMatchObject({
      code: 'held',
      reason: 'order',
      held: 'm',
      early: 'a',
    });
    expect(granted(state, claimOf('maya', 'm', strict)).result.claims).toHaveLength(1);
    expect(granted(state, claimOf('maya', 'z', strict)).result.claims).toHaveLength(1);
    expect(granted(EMPTY_STATE, claimOf('maya', ['z', 'a'], strict)).result.claims).toHaveLength(2);
  });
});
