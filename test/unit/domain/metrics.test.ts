import { describe, expect, it } from 'vitest';
import type { CoordEvent, EventType } from '../../../src/domain/events.js';
import { metricsOf, nearestRank, spreadOf } from '../../../src/domain/metrics/metrics.js';
import { at } from '../../support/requests.js';

let made = 0;

function event(type: EventType, seconds: number, facts: Record<string, unknown> = {}): CoordEvent {
  made += 1;
  return { id: `e${made}`, type, at: at(seconds), agent: 'maya', session: null, ...facts };
}

const granted = (claim: string, target: string, seconds: number) => event('claim.granted', seconds, { claim, target });
const ended = (type: EventType, claim: string, seconds: number, facts = {}) =>
  event(type, seconds, { claim, ...facts });

function refused(seconds: number, facts: Record<string, unknown> = {}): CoordEvent {
  return event('claim.refused', seconds, {
    agent: 'noor',
    code: 'held',
    reason: 'held',
    targets: ['src/a.ts'],
    ...facts,
  });
}

function measure(events: readonly CoordEvent[], since = 0) {
  return metricsOf(events, (one) => one.at >= at(since), at(10_000));
}

describe('nearest-rank percentiles', () => {
  // The example of the definition: 15, 20, 35, 40, 50.
  it.each([
    [5, 15],
    [30, 20],
    [40, 20],
    [50, 35],
    [100, 50],
    [0, 15],
  ])('the %dth of five values is %d', (percent, value) => {
    expect(nearestRank([15, 20, 35, 40, 50], percent)).toBe(value);
  });

  it('is always one of the values; of none there is none', () => {
    expect(spreadOf([])).toEqual({ count: 0, sum: 0, p50: null, p95: null, max: null });
    expect(spreadOf([7])).toEqual({ count: 1, sum: 7, p50: 7, p95: 7, max: 7 });
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(spreadOf(hundred)).toEqual({ count: 100, sum: 5050, p50: 50, p95: 95, max: 100 });
  });

  it('sorts by number, and rounds to milliseconds', () => {
    expect(spreadOf([10, 9, 0.1, 0.2])).toMatchObject({ sum: 19.3, p50: 0.2, max: 10 });
  });
});

describe('holds', () => {
  it('last from the grant to the release, the loss, the handover, or the expiry itself', () => {
    const events = [
      granted('c1', 'a', 0),
      granted('c2', 'b', 0),
      granted('c3', 'c', 0),
      granted('c4', 'd', 0),
      ended('claim.released', 'c1', 10),
      ended('claim.lost', 'c2', 20, { how: 'taken-over' }),
      // Swept long after it was over.
      ended('claim.expired', 'c3', 500, { expiresAt: at(30) }),
      event('claim.handed-off', 40, { claim: 'c5', fromClaim: 'c4', target: 'd' }),
      ended('claim.released', 'c5', 90),
    ];
    expect(measure(events).holds).toEqual({ count: 5, sum: 150, p50: 30, p95: 50, max: 50 });
  });

  it('count when they end in the period, however long ago they began', () => {
    const events = [granted('c1', 'a', 0), ended('claim.released', 'c1', 100), granted('c2', 'a', 110)];
    expect(measure(events, 50).holds).toMatchObject({ count: 1, max: 100 });
    expect(measure(events, 50).grants).toBe(1);
    expect(measure(events, 101).holds.count).toBe(0);
  });

  it('whose beginning is not known count for nothing', () => {
    expect(measure([ended('claim.released', 'c9', 5)]).holds.count).toBe(0);
  });
});

describe('counts', () => {
  it('are of the period, by type', () => {
    const events = [
      ...[granted('c1', 'a', 1), event('claim.renewed', 2), ended('claim.released', 'c1', 3)],
      ...[ended('claim.expired', 'c1', 3), ended('claim.lost', 'c1', 4, { how: 'taken-over' })],
      ...[ended('claim.lost', 'c1', 5, { how: 'revoked' }), event('agent.killed', 6)],
      ...[event('deadlock.prevented', 7, { code: 'held', reason: 'deadlock' }), event('deadlock.suspected', 8)],
      ...[event('claim.handed-off', 9), event('note.added', 10), event('deploy.started', 10), event('deploy.done', 11)],
      ...[
        event('deploy.failed', 12),
        event('deploy.blocked', 13, { step: 'gate', count: 3 }),
        event('deploy.blocked', 14),
      ],
    ];
    expect(measure(events)).toMatchObject({
      ...{ from: at(1), to: at(10_000), grants: 1, renewals: 1, releases: 1, expiries: 1, takeovers: 1, handoffs: 1 },
      ...{ kills: 1, deadlocks: { prevented: 1, suspected: 1 }, refusals: { count: 1, byReason: { deadlock: 1 } } },
      deploys: { started: 1, done: 1, failed: 1, blocked: { count: 4, byStep: { gate: 3, unknown: 1 } } },
    });
    expect(measure(events, 15)).toMatchObject({ from: null, grants: 0, kills: 0 });
  });

  it('of refusals are of all that one record stands for', () => {
    const events = [refused(1, { count: 5 }), refused(2), refused(3, { code: 'behind', reason: 'behind', count: 2 })];
    expect(measure(events).refusals).toEqual({ count: 8, byReason: { held: 6, behind: 2 } });
  });

  it('of waits are by what came of them; how long they took counts for all', () => {
    const wait = (waiter: string, from: number, to: number, outcome: string, facts = {}) => [
      event('wait.started', from, { waiter, agent: 'noor', targets: ['a'] }),
      event('wait.ended', to, { waiter, outcome, ...facts }),
    ];
    const events = [
      ...wait('w1', 0, 10, 'granted', { waitedSeconds: 10 }),
      ...wait('w2', 0, 60, 'timeout', { waitedSeconds: 60 }),
      // A ticket that lapsed does not say how long it stood there.
      ...wait('w3', 5, 25, 'lapsed'),
    ];
    expect(measure(events).waits).toEqual({
      ...{ started: 3, ended: 3 },
      byOutcome: { granted: 1, lapsed: 1, timeout: 1 },
      seconds: { count: 3, sum: 90, p50: 20, p95: 60, max: 60 },
    });
  });
});

describe('contention', () => {
  const hot = (target: string, held: readonly CoordEvent[], stops: readonly CoordEvent[]) =>
    measure([...held, ...stops]).contention.find((one) => one.target === target);

  it('is counted at the ground that was held, the hottest first', () => {
    const events = [
      granted('c1', 'src/api/**', 0),
      granted('c2', 'docs/**', 0),
      refused(1, { heldBy: ['c1'], targets: ['src/api/a.ts', 'README.md'] }),
      refused(2, { heldBy: ['c2'], targets: ['docs/x.md'], count: 3 }),
      refused(3, { heldBy: ['c1'], targets: ['src/api/b.ts'], agent: 'omar' }),
      event('wait.started', 4, { waiter: 'w1', heldBy: ['c1'], targets: ['src/api/a.ts'], agent: 'noor' }),
      event('wait.ended', 34, { waiter: 'w1', outcome: 'granted', waitedSeconds: 30 }),
      ended('claim.released', 'c1', 34),
    ];
    expect(measure(events).contention).toMatchObject([
      { target: 'src/api/**', refusals: 2, waits: 1, waitedSeconds: 30, agents: 2, holds: { count: 1, max: 34 } },
      { target: 'docs/**', refusals: 3, waits: 0, waitedSeconds: 0, agents: 1 },
    ]);
    expect(measure([...events, refused(5, { heldBy: ['c2'] })]).contention[0]?.target).toBe('docs/**');
  });

  it('of unknown holders is counted at what was asked; other refusals are none', () => {
    const events = [refused(1, { heldBy: ['gone'], targets: ['x'] }), refused(2, { code: 'behind', reason: 'behind' })];
    expect(measure(events).contention).toMatchObject([{ target: 'x', refusals: 1 }]);
  });

  it('advises to claim less, when only parts were wanted', () => {
    const held = [granted('c1', 'src/**', 0)];
    const stops = ['b', 'a', 'b', 'c', 'd'].map((name) => refused(1, { heldBy: ['c1'], targets: [`src/${name}`] }));
    expect(hot('src/**', held, stops)?.advice).toEqual({
      kind: 'narrow',
      wanted: ['src/b', 'src/a', 'src/c'],
      more: 1,
    });
    const whole = refused(2, { heldBy: ['c1'], targets: ['src/**'] });
    expect(hot('src/**', held, [...stops, whole])?.advice.kind).not.toBe('narrow');
    const part = refused(2, { heldBy: ['c1'], targets: ['src/a', 'src/**'] });
    expect(hot('src/**', held, [...stops, part])?.advice.kind).not.toBe('narrow');
  });

  const held = (seconds: number) => [granted('c1', '@db', 0), ended('claim.released', 'c1', seconds)];
  const atDb = (count: number) => refused(1, { heldBy: ['c1'], targets: ['@db'], count });

  it('advises to release, when claims are left to expire', () => {
    const expired = [granted('c1', '@db', 0), ended('claim.expired', 'c1', 60, { expiresAt: at(30) })];
    expect(hot('@db', expired, [atDb(9)])?.advice).toEqual({ kind: 'release', expiries: 1 });
  });

  it('advises to hold it shorter, when it is held long', () => {
    expect(hot('@db', held(2_000), [atDb(9)])?.advice).toEqual({ kind: 'shorten', p95: 2_000 });
  });

  it('advises to queue, when agents try again and again', () => {
    expect(hot('@db', held(60), [atDb(9)])?.advice).toEqual({ kind: 'queue', refusals: 9 });
  });

  it('advises to split the work, when everything is done right and it is still wanted by many', () => {
    const waits = ['w1', 'w2'].map((waiter) => event('wait.started', 2, { waiter, heldBy: ['c1'], targets: ['@db'] }));
    expect(hot('@db', held(60), [atDb(2), ...waits])?.advice).toEqual({ kind: 'split', agents: 2 });
    expect(hot('@db', held(60), [atDb(1)])?.advice).toEqual({ kind: 'none' });
  });
});

describe('what counts', () => {
  it('names are listed by how often they come, then by their letters', () => {
    const reasons = ['held', 'behind', 'order', 'behind', 'killed', 'behind', 'order'];
    const { refusals } = measure(reasons.map((reason, index) => refused(index, { reason })));
    expect(Object.entries(refusals.byReason)).toEqual([
      ['behind', 3],
      ['order', 2],
      ['held', 1],
      ['killed', 1],
    ]);
    expect(refusals.count).toBe(7);
  });

  it('a refusal counts as often as it was repeated, whatever else stands there', () => {
    const counts = [3, 0, -2, '5', undefined];
    expect(measure(counts.map((count, index) => refused(index, { count }))).refusals.count).toBe(3 + 4);
    expect(measure([refused(0, { reason: 7 })]).refusals.byReason).toEqual({ unknown: 1 });
  });

  it('the period begins with the earliest event that counts', () => {
    expect(measure([event('note.added', 50), event('note.added', 20), event('note.added', 30)]).from).toBe(at(20));
    expect(measure([event('note.added', 20), event('note.added', 50)], 30).from).toBe(at(50));
    expect(measure([event('note.added', 20)], 30).from).toBeNull();
  });

  it('only a loss to somebody is a take-over', () => {
    const lost = (how: string) => ended('claim.lost', 'c1', 5, { how });
    expect(
      measure([lost('taken-over'), lost('revoked'), event('claim.expired', 6, { how: 'taken-over' })]).takeovers,
    ).toBe(1);
  });

  it('a wait is as long as it says, or from its beginning; of one that began nowhere nothing is known', () => {
    const started = event('wait.started', 10, { waiter: 'w1', targets: ['a', 7], heldBy: [] });
    const over = (waiter: string, facts: object = {}) =>
      event('wait.ended', 40, { waiter, outcome: 'granted', ...facts });
    expect(measure([started, over('w1')]).waits.seconds).toMatchObject({ count: 1, sum: 30 });
    expect(measure([started, over('w1', { waitedSeconds: 12 })]).waits.seconds).toMatchObject({ count: 1, sum: 12 });
    expect(measure([over('w9')]).waits).toMatchObject({ byOutcome: { granted: 1 }, seconds: { count: 0 } });
    expect(measure([started, over('w1', { waitedSeconds: '12' })]).waits.seconds.sum).toBe(30);
    expect(measure([started, over('w1')], 20).waits).toMatchObject({ started: 0, seconds: { count: 1, sum: 30 } });
    expect(measure([started, over('w1')], 50).waits.seconds.count).toBe(0);
    const [contended, ...more] = measure([started, over('w1')]).contention;
    expect(contended).toMatchObject({ target: 'a', waits: 1, waitedSeconds: 30, refusals: 0 });
    expect(more).toEqual([]);
  });

  it('ground is listed by how often somebody could not pass, then by how long, then by its letters', () => {
    const on = (target: string, times: number) =>
      Array.from({ length: times }, (_, index) => refused(index, { targets: [target] }));
    const wait = (target: string, waiter: string, seconds: number) => [
      event('wait.started', 0, { waiter, targets: [target] }),
      event('wait.ended', seconds, { waiter, outcome: 'granted' }),
    ];
    const { contention } = measure([
      ...on('z', 2),
      ...on('b', 1),
      ...on('a', 1),
      ...wait('long', 'w1', 90),
      ...wait('short', 'w2', 5),
    ]);
    expect(contention.map(({ target }) => target)).toEqual(['z', 'long', 'short', 'a', 'b']);
  });
});
