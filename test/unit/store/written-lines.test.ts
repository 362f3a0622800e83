import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claim, State } from '../../../src/domain/model.js';
import {
  decodeVerifiedClaims,
  encodeClaims,
  inFileOrder,
  rememberClaims,
} from '../../../src/store/format/documents.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { claimRecord, HOSTILE_TEXTS, releaseRecord, stateOf, waiterRecord } from '../../support/records.js';

const text = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS, ',', '},', '{"id":"c1"},\n]'), fc.string({ unit: 'binary' }));
const count = fc.nat({ max: 7 });

/** A state as it could have been read, with records that differ in what people wrote. */
const states = fc.tuple(count, count, count, fc.infiniteStream(text)).map(([claims, waiters, releases, texts]) => {
  const some = <T>(length: number, make: (number: number, text: string) => T): T[] =>
    Array.from({ length }, (_, number) => make(number + 1, texts.next().value));
  return stateOf({
    lastToken: 100,
    claims: some(claims, (number, reason) => claimRecord(number, { reason })),
    waiters: some(waiters, (number, reason) => waiterRecord(`w${number}`, { reason })),
    releases: some(releases, (number, agent) => releaseRecord(`src/${number}.ts`, { agent })),
  });
});

/** What happens to a record from one write to the next. */
const fates = fc.infiniteStream(fc.constantFrom('kept', 'kept', 'kept', 'gone', 'changed', 'preceded', 'last'));

function changedList<T extends object>(records: readonly T[], fate: () => string, other: (record: T) => T): T[] {
  const last: T[] = [];
  const others = records.flatMap((record): T[] => {
    switch (fate()) {
      case 'gone':
        return [];
      case 'changed':
        return [other(record)];
      case 'preceded':
        return [other(record), record];
      case 'last':
        last.push(record);
        return [];
      default:
        return [record];
    }
  });
  return [...others, ...last];
}

function changed(state: State, fate: () => string): State {
  return {
    ...state,
    claims: changedList(state.claims, fate, (claim): Claim => ({ ...claim, reason: 'another' })),
    waiters: changedList(state.waiters, fate, (waiter) => ({ ...waiter, reason: 'another' })),
    releases: changedList(state.releases, fate, (release) => ({ ...release, agent: 'another' })),
  };
}

describe('a document of which much stays as it was written', () => {
  it('is written byte for byte as one whose every record is encoded', () => {
    fc.assert(
      fc.property(states, fates, (state, stream) => {
        const fate = () => stream.next().value;
        const read = stateOf(decodeVerifiedClaims(encodeClaims(state), 'written'));
        const first = inFileOrder(changed(read, fate));
        const source = encodeClaims(first, read);
        expect(source).toBe(encodeClaims(structuredClone(first)));
        rememberClaims(source, first);
        const second = inFileOrder(changed(first, fate));
        expect(encodeClaims(second, first)).toBe(encodeClaims(structuredClone(second)));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  const state = stateOf({ lastToken: 3, claims: [1, 2, 3].map((number) => claimRecord(number)) });
  /** Not as it would be encoded, so that it can be told whether it was. */
  const source = encodeClaims(state).replaceAll('"mode":', '"mode": ');
  const encodedIn = (claims: readonly Claim[], before: Parameters<typeof encodeClaims>[1]) =>
    encodeClaims(stateOf({ claims }), before)
      .split('\n')
      .flatMap((line, index) => (line.includes('"mode":"') ? [index - 6] : []));

  it('has the text of what stays, also before and behind what is changed', () => {
    const read = decodeVerifiedClaims(source, 'written');
    const [one, two, three] = read.claims as [Claim, Claim, Claim];
    expect(encodedIn(read.claims, read)).toEqual([]);
    expect(encodedIn([one, { ...two }, three], read)).toEqual([1]);
    expect(encodedIn([one, three, claimRecord(4)], read)).toEqual([2]);
  });

  it('has it not where somebody else wrote it, nor where it is another document that is written over', () => {
    const checked = decodeVerifiedClaims(source, 'checked');
    expect(encodedIn(checked.claims, checked)).toEqual([0, 1, 2]);
    const read = decodeVerifiedClaims(source, 'written');
    expect(encodedIn(read.claims, decodeVerifiedClaims(source, 'written'))).toEqual([0, 1, 2]);
    expect(encodedIn(read.claims, undefined)).toEqual([0, 1, 2]);
  });
});

describe('the order of a file', () => {
  it('is that of tokens and ids, and of the very lists that have it', () => {
    const state = stateOf({ claims: [claimRecord(1), claimRecord(2)] });
    expect(inFileOrder(state).claims).toBe(state.claims);
    expect(inFileOrder(state).agents).toBe(state.agents);
    expect(inFileOrder(stateOf({ claims: state.claims.toReversed() })).claims).toEqual(state.claims);
  });
});
