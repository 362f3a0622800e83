/** Abbreviations whose full stop never ends a sentence: `vs. Claims`. */
const NEVER_ENDS = words('eg ie vs cf viz approx incl excl resp mr mrs ms dr prof st bzw ggf evtl inkl zb dh bspw vgl');

/** Abbreviations, some of them words too, whose full stop ends one only before a capital: `no. 5`, but `no. Then`. */
const ENDS_BEFORE_CAPITAL = words(
  'etc al usw inc ltd co corp dept jr sr ff no nos nr num art sec sect fig figs ch chap vol ver max min ca abs pp pg ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec',
);

/** Whether the full stop after `word` belongs to an abbreviation, given the first letter or digit that follows. */
export function isAbbreviation(word: string, next: string): boolean {
  const initials = /^(?:\p{L}\p{M}*\.)+\p{L}\p{M}*$/u.test(word);
  if (initials || NEVER_ENDS.has(word.toLowerCase())) return true;
  return ENDS_BEFORE_CAPITAL.has(word.toLowerCase()) && !/\p{Lu}/u.test(next);
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
