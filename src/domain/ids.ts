import type { State } from './model.js';

/**
 * A short id: a letter for the kind (`c` claim, `w` waiter, `n` note, `d` deploy), then a number that only grows. It is
 * counted in the state, which is moved by compare-and-swap, so none is given twice. Offline it is provisional, such as
 * `c~3`, and counted in this clone, until the remote gives the record an id of its own.
 * @param last the largest number that was given for this letter
 * @param nth of several that one decision makes, from 1
 */
export function newId({ provisional }: Pick<State, 'provisional'>, letter: string, last: number, nth = 1): string {
  return provisional === null ? `${letter}${last + nth}` : `${letter}~${provisional + nth}`;
}

/** What a state that has given new ids has counted; null where the newest record itself is kept, and counts. */
export function counted(
  state: State,
  counter: 'lastClaim' | 'lastWaiter' | null,
  given: number,
): Partial<Pick<State, 'lastClaim' | 'lastWaiter' | 'provisional'>> {
  if (state.provisional !== null) return { provisional: state.provisional + given };
  return counter === null ? {} : { [counter]: state[counter] + given };
}

/** The number in an id such as `c12`; 0 where there is none. */
export function numberIn(id: string): number {
  const digits = /^[a-z]([1-9]\d{0,14})$/.exec(id)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** The largest number in the ids of these records; 0 of none. */
export function largestNumber(records: readonly { readonly id: string }[]): number {
  return Math.max(0, ...records.map(({ id }) => numberIn(id)));
}
