import { describe, expect, it } from 'vitest';
import { refusalEvent } from '../../../src/domain/decide.js';
import { EVENT_TYPES, isDeferredEvent, isRefusalEvent } from '../../../src/domain/events.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { claimIn, partsOf, questionOf, withAnswers } from '../../../src/domain/request-table.js';
import { at, baseOf, claimOf, granted, refused, releaseOf, START, stateAfter } from '../../support/decisions.js';
import { waitOf } from '../../support/requests.js';

const held = stateAfter(EMPTY_STATE, [
  claimOf('maya', 'src/**'),
  claimOf('noor', 'docs/**'),
  waitOf('maya', 'docs/a.md'),
]);

describe('the record of a refusal', () => {
  it('says what was asked, and by which claims that is held', () => {
    const request = claimOf('noor', ['src/a.ts', 'src/b.ts'], { operation: 'op', session: 's1', mode: 'shared' });
    expect(refusalEvent(request, refused(held, request), at(5))).toEqual({
      ...{ id: 'op.r', type: 'claim.refused', at: at(5), agent: 'noor', session: 's1', code: 'held', reason: 'held' },
      ...{ targets: ['src/a.ts', 'src/b.ts'], mode: 'shared', heldBy: ['c1'] },
    });
  });

  it('of a wait that would close a circle names the circle', () => {
    const request = waitOf('noor', 'src/a.ts');
    const refusal = refused(held, request);
    const event = refusalEvent(claimOf('noor', 'src/a.ts'), refusal, at(5));
    expect(event).toMatchObject({
      type: 'deadlock.prevented',
      reason: 'deadlock',
      cycle: [{ agent: 'noor' }, { agent: 'maya' }],
    });
  });

  it('for another reason has neither', () => {
    const kill = { by: 'boss', at: START, reason: 'x' };
    const event = refusalEvent(claimOf('noor', 'a'), { code: 'closed', reason: 'killed', kill }, at(5));
    expect(event).not.toHaveProperty('heldBy');
    expect(event).not.toHaveProperty('cycle');
    expect(event).toMatchObject({ type: 'claim.refused', code: 'closed', reason: 'killed' });
  });

  it('is gathered, as other events are that nothing is written for', () => {
    expect(EVENT_TYPES.filter((type) => isRefusalEvent({ type }))).toEqual(['claim.refused', 'deadlock.prevented']);
    expect(EVENT_TYPES.filter((type) => isDeferredEvent({ type }))).toEqual([
      ...['claim.refused', 'deadlock.prevented', 'gate.checked', 'deploy.blocked', 'guard.refused', 'guard.passed'],
    ]);
  });
});

describe('what a request asks of the state and of git', () => {
  const WORK = 'a'.repeat(40);
  const free = stateAfter(held, [releaseOf('maya', { commit: WORK })]);
  const { kind: _, ...terms } = claimOf('noor', 'src/a.ts', { head: 'b'.repeat(40) });
  const takeOver = { ...baseOf('noor'), kind: 'take-over' as const, claim: terms };

  it('is the claim in it, whatever it is made by', () => {
    const claim = claimOf('noor', 'src/a.ts');
    expect(claimIn(claim)).toBe(claim);
    expect(claimIn(takeOver)).toMatchObject({ kind: 'claim', agent: 'noor', targets: terms.targets });
    expect(claimIn(releaseOf('noor'))).toBeNull();
  });

  it('is which work HEAD has, for a claim in any request, until that is answered', () => {
    const claim = { ...claimOf('noor', 'src/a.ts', { head: 'b'.repeat(40) }) };
    const wait = waitOf('noor', 'src/a.ts', { head: 'b'.repeat(40) });
    for (const request of [claim, takeOver, wait]) {
      const { head, work } = questionOf(free, request, START);
      expect([head, work.map(({ commit }) => commit)]).toEqual(['b'.repeat(40), [WORK]]);
      const key = work[0]?.key ?? '';
      const answered = withAnswers(withAnswers(request, { other: true }), { [key]: false });
      expect(questionOf(free, answered, START).work).toEqual([]);
      expect(claimIn(answered)?.contains).toEqual({ other: true, [key]: false });
      expect({ ...claimIn(answered), contains: {} }).toEqual({ ...claimIn(request), contains: {} });
    }
    expect(questionOf(free, releaseOf('noor'), START)).toEqual({ head: null, work: [] });
    const release = releaseOf('noor');
    expect(withAnswers(release, { [WORK]: true })).toBe(release);
  });

  it('is each part once, and the answers to request ids where one has an id', () => {
    const release = releaseOf('noor');
    expect(partsOf([release, release])).toEqual(['deployments']);
    expect(partsOf([release, { ...release, requestId: 'r1' }])).toEqual(['deployments', 'requests']);
    expect(partsOf([{ ...release, requestId: null }, claimOf('noor', 'a')])).toEqual(['deployments']);
  });
});

it('what is granted needs no record of a refusal', () => {
  expect(granted(held, claimOf('kim', 'lib/**')).events.some(isRefusalEvent)).toBe(false);
});
