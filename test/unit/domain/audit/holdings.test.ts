import { describe, expect, it } from 'vitest';
import { holdingsOf } from '../../../../src/domain/audit/holdings.js';
import type { CoordEvent, EventType } from '../../../../src/domain/events.js';
import { claimRecord } from '../../../support/records.js';
import { at } from '../../../support/requests.js';

const HEX = (digit: string) => digit.repeat(40);

function event(id: string, type: EventType, seconds: number, facts: Record<string, unknown> = {}): CoordEvent {
  const base = { id, type, at: at(seconds), agent: 'maya', session: null, claim: 'c1', target: 'src/**' };
  return { ...base, mode: 'exclusive', kind: 'directory', ...facts };
}
const grant = (facts: Record<string, unknown> = {}) =>
  event('o1.1', 'claim.granted', 0, { base: HEX('a'), rules: 'digest', expiresAt: at(1800), ...facts });

describe('what the history tells of a claim', () => {
  it('from its grant to its release, with the commit of the work', () => {
    const events = [grant(), event('o2.1', 'claim.released', 60, { commit: HEX('b') })];
    expect(holdingsOf(events, [], at(100))).toEqual([
      {
        ...{ claim: 'c1', target: 'src/**', kind: 'directory', agent: 'maya', rules: 'digest', base: HEX('a') },
        spans: [{ from: at(0), until: at(60) }],
        end: 'released',
        works: [{ kind: 'released', from: HEX('a'), to: HEX('b') }],
      },
    ]);
  });

  it('what landed in the same operation is its work, and nothing else', () => {
    const landed = { commit: HEX('c'), from: HEX('b'), branch: 'main' };
    const events = [
      grant(),
      event('o2.1', 'claim.released', 60, { commit: HEX('c') }),
      event('o2.2', 'work.landed', 60, { ...landed, claim: undefined }),
    ];
    expect(holdingsOf(events, [], at(100))[0]?.works).toEqual([{ kind: 'landed', from: HEX('b'), to: HEX('c') }]);
    const apart = [...events.slice(0, 2), event('o3.1', 'work.landed', 60, { ...landed, claim: undefined })];
    expect(holdingsOf(apart, [], at(100))[0]?.works[0]?.kind).toBe('released');
  });

  it('it ends when its time is over, however late that is written down', () => {
    const swept = [grant(), event('o2.1', 'claim.expired', 9000)];
    expect(holdingsOf(swept, [], at(9999))[0]?.spans).toEqual([{ from: at(0), until: at(1800) }]);
    expect(holdingsOf([grant()], [], at(9999))).toMatchObject([
      { end: 'expired', spans: [{ from: at(0), until: at(1800) }] },
    ]);
    const renewed = [grant(), event('o2.1', 'claim.renewed', 1000, { expiresAt: at(2800) })];
    expect(holdingsOf(renewed, [], at(9999))[0]?.spans).toEqual([{ from: at(0), until: at(2800) }]);
  });

  it('it ends when it is taken away, though it had time left', () => {
    const events = [grant(), event('o2.1', 'claim.lost', 60)];
    expect(holdingsOf(events, [], at(100))).toMatchObject([{ end: 'lost', spans: [{ until: at(60) }], works: [] }]);
  });

  it('it is held now while its time runs', () => {
    expect(holdingsOf([grant()], [], at(100))).toMatchObject([{ end: 'held', spans: [{ until: at(100) }] }]);
  });

  it('only the time as the only holder counts', () => {
    const mode = (id: string, seconds: number, value: string) =>
      event(id, 'claim.renewed', seconds, { mode: value, expiresAt: at(1800) });
    const events = [
      grant({ mode: 'shared' }),
      ...[mode('o2.1', 10, 'shared'), mode('o3.1', 20, 'exclusive'), mode('o4.1', 30, 'shared')],
      event('o5.1', 'claim.released', 40, { mode: 'shared', commit: HEX('b') }),
    ];
    expect(holdingsOf(events, [], at(100))[0]?.spans).toEqual([{ from: at(20), until: at(30) }]);
  });

  it('a handover ends one claim and begins another on the same ground', () => {
    const handed = { claim: 'c2', fromClaim: 'c1', agent: 'noor', kind: undefined, commit: HEX('b'), base: HEX('b') };
    const events = [grant(), event('o2.1', 'claim.handed-off', 60, { ...handed, expiresAt: at(1800) })];
    expect(holdingsOf(events, [], at(100))).toMatchObject([
      { claim: 'c1', end: 'handed-over', works: [{ kind: 'handed-over', to: HEX('b') }] },
      { claim: 'c2', agent: 'noor', kind: 'directory', base: HEX('b'), end: 'held' },
    ]);
  });

  it('claims that were held where the events begin are known', () => {
    const begun = claimRecord(1, { base: HEX('a') });
    const events = [event('o2.1', 'claim.released', 60, { commit: HEX('b') })];
    expect(holdingsOf(events, [begun], at(100))).toMatchObject([
      { target: 'src/1.ts', works: [{ from: HEX('a'), to: HEX('b') }] },
    ]);
  });

  it('what is no id of a commit is never put to git', () => {
    const events = [
      grant({ base: '--upload-pack=x' }),
      event('o2.1', 'claim.released', 60, { commit: '-x' }),
      event('o2.2', 'work.landed', 60, { commit: 'HEAD', from: 7 }),
    ];
    expect(holdingsOf(events, [], at(100))).toMatchObject([{ base: null, works: [] }]);
  });

  it('passes over resources, and the ends of claims that it never saw begin', () => {
    const events = [grant({ kind: 'resource' }), event('o2.1', 'claim.released', 60, { claim: 'c9' })];
    expect(holdingsOf(events, [], at(100))).toEqual([]);
  });
});

describe('what a holder pushed for review', () => {
  const pushed = (id: string, facts: Record<string, unknown> = {}) =>
    event(id, 'work.pushed', 30, { claim: undefined, claims: ['c1'], commit: HEX('d'), from: HEX('a'), ...facts });
  const worksAfter = (...events: CoordEvent[]) => holdingsOf([grant(), ...events], [], at(100))[0]?.works;
  const WORK = { kind: 'pushed', from: HEX('a'), to: HEX('d') };

  it('is work of the claims that it names, by its own word alone', () => {
    expect(worksAfter(pushed('o2.1'))).toEqual([WORK]);
    expect(worksAfter(pushed('o2.1'), pushed('o3.1', { commit: HEX('e') }))).toEqual([WORK, { ...WORK, to: HEX('e') }]);
    const none = [
      { agent: 'noor' },
      { claims: ['c9'] },
      { claims: [7] },
      { claims: 'c1' },
      { claims: undefined },
      { commit: 'HEAD' },
    ];
    for (const facts of none) expect(worksAfter(pushed('o2.1', facts))).toEqual([]);
  });

  it('stays beside what landed in the end, which takes the place of the release', () => {
    const released = event('o4.1', 'claim.released', 60, { commit: HEX('e') });
    const landed = event('o4.2', 'work.landed', 60, { claim: undefined, commit: HEX('e'), from: HEX('d') });
    expect(worksAfter(pushed('o2.1'), released)).toEqual([WORK, { kind: 'released', from: HEX('a'), to: HEX('e') }]);
    expect(worksAfter(pushed('o2.1'), released, landed)).toEqual([
      WORK,
      { kind: 'landed', from: HEX('d'), to: HEX('e') },
    ]);
  });
});

describe('what the history leaves out', () => {
  it('is not guessed: a handover from nobody, a renewal of nothing, a release of no operation of its own', () => {
    const handed = event('o1.1', 'claim.handed-off', 0, { claim: 'c2', fromClaim: 'c9', expiresAt: at(1800) });
    expect(holdingsOf([handed], [], at(5))).toMatchObject([{ claim: 'c2', kind: 'directory', end: 'held' }]);
    expect(holdingsOf([event('o1.1', 'claim.renewed', 0)], [], at(5))).toEqual([]);
    const odd = grant({ target: 7, kind: 'odd', rules: 7, expiresAt: 7 });
    expect(holdingsOf([odd], [], at(5))).toMatchObject([
      { target: '', kind: 'path', rules: null, end: 'expired', spans: [{ from: at(0), until: at(0) }] },
    ]);
  });

  it('a claim ends as the event says, or at its time', () => {
    const ends = (type: EventType) => holdingsOf([grant(), event('o2.1', type, 60)], [], at(100))[0]?.end;
    expect([ends('claim.expired'), ends('claim.lost'), ends('claim.released'), ends('note.added')]).toEqual([
      ...['expired', 'lost', 'released', 'held'],
    ]);
    expect(holdingsOf([grant()], [], at(1800))[0]?.end).toBe('expired');
  });

  it('of what was shared when the events begin there is no span', () => {
    const begun = (mode: 'shared' | 'exclusive') => holdingsOf([], [claimRecord(1, { mode })], at(100))[0]?.spans;
    expect(begun('shared')).toEqual([]);
    expect(begun('exclusive')).toEqual([{ from: at(0), until: at(100) }]);
  });

  it('only claims of the very operation have what landed with it', () => {
    const events = [
      grant(),
      grant({ claim: 'c2' }),
      event('o2.1', 'claim.released', 50, { claim: 'c2', commit: HEX('b') }),
      event('o3.1', 'claim.released', 60, { commit: HEX('c') }),
      event('o3.2', 'work.landed', 60, { claim: undefined, commit: HEX('c'), from: HEX('b') }),
    ];
    const works = holdingsOf(events, [], at(100)).map(({ claim, works: [work] }) => [claim, work?.kind]);
    expect(works).toEqual([
      ['c2', 'released'],
      ['c1', 'landed'],
    ]);
  });
});
