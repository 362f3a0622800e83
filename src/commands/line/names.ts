import { meantBy } from '../../cli/foreign-words.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { oneLine, shorten } from '../../domain/text.js';
import { type CoordError, usage } from '../../errors.js';
import { defaultOf, heads, tailsOf } from '../subjects.js';
import { nearest } from './nearest.js';

/** What was typed is repeated in the answer up to so many words. */
const MOST_REPEATED = 12;

/**
 * Checks the words that name a command; `others` may stand in the place of the first as well.
 * @param rest all that was typed after the first word
 * @throws CoordError `usage`, with the command that was meant, when there is no such command.
 */
export function checkNames(
  head: string,
  tail: string | undefined,
  rest: readonly string[],
  others: readonly string[] = [],
): void {
  if (!heads().includes(head) && !others.includes(head))
    throw foreign(head, rest) ?? unknown(head, [...heads(), ...others], '');
  const tails = tailsOf(head);
  if (tail === undefined || tails.length === 0 || tails.includes(tail)) return;
  // With a default verb, the word may be its argument: what a verb of the group's own name takes can be any word, and
  // for the others a slip of the pen is told by its nearness to another verb.
  const byDefault = defaultOf(head);
  if (byDefault?.name === head) return;
  if (byDefault === undefined || nearest(tail, tails) !== undefined) throw unknown(tail, tails, `${head} `);
}

/** A word of other tools, or of habit, is answered with the command, ready to paste. */
function foreign(head: string, rest: readonly string[]): CoordError | undefined {
  const meant = meantBy(
    head,
    rest.slice(0, MOST_REPEATED).map((word) => (word.startsWith('-') ? word : shellWord(word))),
  );
  if (meant === undefined) return undefined;
  return usage(`unknown command: ${oneLine(shorten(head, 80))}`, coord(meant));
}

function unknown(word: string, known: readonly string[], prefix: string): CoordError {
  const said = `${prefix}${oneLine(shorten(word, 80))}`;
  const meant = nearest(word, known);
  if (meant === undefined) return usage(`unknown command: ${said}`, coord(`help ${prefix}`).trimEnd());
  return usage(`unknown command: ${said} (did you mean ${prefix}${meant}?)`, coord(`help ${prefix}${meant}`));
}
