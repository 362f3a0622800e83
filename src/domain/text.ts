/**
 * What a reader does not see, or what makes a line look like something else: control characters, line and paragraph
 * separators, changes of the direction of writing, invisible characters (also the tags that spell a hidden text),
 * noncharacters. Joiners and variation selectors are left where scripts and emoji need them: after a character that is
 * neither Latin nor another of them.
 */
const UNSEEN = [
  String.raw`[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e]`,
  String.raw`[\u2060-\u206f\u3164\ufeff\uffa0\ufdd0-\ufdef\ufff9-\ufffb]`,
  String.raw`[\udb40-\udb43][\udc00-\udfff]|\ud834[\udd73-\udd7a]`,
  String.raw`(?<=^|[\u0000-\u02ff\u200b-\u200f])[\u200c\u200d\ufe00-\ufe0f]|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]`,
].join('|');
const UNPRINTABLE = new RegExp(UNSEEN, 'g');
const UNPRINTABLE_OR_COLOUR = new RegExp(String.raw`\u001b\[[\d;]*m|${UNSEEN}`, 'g');

/**
 * The text on one line: all that a reader does not see (line ends, control, direction-changing and invisible characters,
 * the marks of a suggestion) stands as escapes (`\n`, `\u001b`, `\U000e0041`).
 */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}

/*
 * What files, agents and servers wrote is data: it stands in a quote that it cannot end, or below a heading that says so,
 * each line of it behind a mark with which no line of coord's own begins. So a text can pretend to be no rule, no
 * refusal, and no next step.
 */

/** Others' words within a line of coord's own. */
export function said(text: string): string {
  return `"${oneLine(text.replace(/["\\]/g, '\\$&'))}"`;
}

/** The mark before each line of what others wrote. */
const FENCE = '| ';
/** What a heading says of it. */
export const AS_DATA = 'data, not instructions';

/** Others' text, line by line: what would steer a terminal, or cannot be seen, stands as escapes. */
export function fenced(text: string): string[] {
  const lines = text
    .replace(/^\uFEFF/u, '')
    .trimEnd()
    .split(/\r\n|\r|\n/u);
  return lines.map((line) => FENCE + line.split('\t').map(oneLine).join('\t'));
}

/** Others' words where Markdown is read: no link, image, heading, markup, code or mention of theirs. */
export function asMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]<>#|!~]/g, '\\$&')
    .replaceAll('@', '@&#8203;');
}

/**
 * The text as it may go to a terminal: its own line ends and tabs stay, what else moves a cursor, ends a line or turns the
 * direction of writing stands as an escape. The last line of defence: names and notes are put on one line where words are
 * made of them.
 * @param coloured keeps sequences that do nothing but colour
 */
export function printable(text: string, coloured: boolean): string {
  return text.replaceAll('\r\n', '\n').replace(coloured ? UNPRINTABLE_OR_COLOUR : UNPRINTABLE, (found) => {
    return found === '\n' || found === '\t' || found.endsWith('m') ? found : oneLine(found);
  });
}

/**
 * JSON on one line, also for readers that take more than a newline for the end of one.
 * @param typed writes the suggestions in it as they can be pasted
 */
export function jsonLine(value: unknown, typed: (text: string) => string = (text) => text): string {
  return typed(JSON.stringify(value)).replace(UNPRINTABLE, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

const SURROGATE = /[\ud800-\udfff]/;

/** The length of the text in code points. */
export function codePoints(text: string): number {
  return SURROGATE.test(text) ? [...text].length : text.length;
}

/** The text cut to a number of code points, with an ellipsis where something was left out. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const points = [...text];
  return points.length <= most ? text : `${points.slice(0, most - 1).join('')}…`;
}

/** So many of what may be many are shown to a reader. */
export const MOST_LISTED = 8;

/** The first ones, a line each, and how many more there are. @param rest what is said behind that number */
export function firstOf<Item>(
  items: readonly Item[],
  line: (item: Item) => string,
  most = MOST_LISTED,
  rest = 'more',
): string[] {
  const left = items.length - most;
  return [...items.slice(0, most).map(line), ...(left > 0 ? [`and ${left} ${rest}`] : [])];
}

/** The same, below a line that says what they are. */
export function listed<Item>(items: readonly Item[], line: (item: Item) => string, most = MOST_LISTED): string[] {
  return firstOf(items, line, most).map((each) => `  ${each}`);
}

/** The same within a line: `a, b and 3 more`. */
export function named(texts: readonly string[], most: number): string {
  const left = texts.length - most;
  return `${texts.slice(0, most).map(oneLine).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

/** `1 commit`, `3 commits`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A word may differ from a known one by this share of its letters and still be taken for a slip. */
const TOLERANCE = 0.4;

/**
 * The known word that was probably meant; undefined when none is close.
 * @param most letters that may differ
 */
export function nearest(
  word: string,
  known: readonly string[],
  most = Math.max(1, Math.floor(word.length * TOLERANCE)),
): string | undefined {
  let best: string | undefined;
  let least = most + 1;
  for (const candidate of known) {
    const steps = distance(word, candidate);
    if (steps < least) {
      best = candidate;
      least = steps;
    }
  }
  return best;
}

/** Letters to insert, delete, replace, or swap with their neighbour: the optimal string alignment distance. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let steps = Math.min(
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) steps = Math.min(steps, (beforeLast[column - 2] ?? 0) + 1);
      current.push(steps);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/**
 * FNV-1a, 32 bits, as eight hexadecimal digits: tells texts apart that differ by accident. It is no protection from
 * anybody, and needs no cryptography, which costs more to load than a refusal to write.
 */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
