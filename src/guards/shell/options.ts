import type { Word } from './words.js';

/** Which options take a value: the letters of the short ones, the names of the long ones. */
export interface Valued {
  readonly short?: string;
  /** Letters whose value, if they have one, is the rest of the word, as with `sed -i.bak`. */
  readonly attached?: string;
  readonly long?: readonly string[];
}

/** What was typed after the name of a program. */
export interface Arguments {
  readonly operands: readonly Word[];
  /** Each option by its letter or name, with its values; one without a value has none. */
  readonly options: ReadonlyMap<string, readonly Word[]>;
  /** Whether `--` was typed, and how many operands stood before it. */
  readonly separator: number | null;
}

/** Reads options as getopt_long does; an option may stand after operands. */
export function readArguments(words: readonly Word[], valued: Valued = {}): Arguments {
  const operands: Word[] = [];
  const { options, add } = collected();
  let separator: number | null = null;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as Word;
    if (separator !== null || !isOption(word)) operands.push(word);
    else if (word.text === '--') separator = operands.length;
    else index += readOption(word, valued, words[index + 1], add);
  }
  return { operands, options, separator };
}

/** Reads the options before the first operand, as a program does that runs the words after its own. */
export function readLeading(
  words: readonly Word[],
  valued: Valued = {},
): { readonly options: Arguments['options']; readonly rest: readonly Word[] } {
  const { options, add } = collected();
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] as Word;
    if (!isOption(word)) break;
    if (word.text === '--') return { options, rest: words.slice(index + 1) };
    index += readOption(word, valued, words[index + 1], add);
  }
  return { options, rest: words.slice(index) };
}

function isOption({ text }: Word): boolean {
  return text.startsWith('-') && text !== '-';
}

function collected(): { readonly options: Map<string, Word[]>; readonly add: Add } {
  const options = new Map<string, Word[]>();
  return {
    options,
    add: (name, value) => {
      options.set(name, [...(options.get(name) ?? []), ...(value ? [value] : [])]);
    },
  };
}

/** @returns how many further words it takes */
function readOption(
  word: Word,
  { short = '', attached = '', long = [] }: Valued,
  next: Word | undefined,
  add: Add,
): number {
  return word.text.startsWith('--')
    ? readLong(word, long, next, add)
    : readCluster(word, { short, attached }, next, add);
}

type Add = (name: string, value: Word | undefined) => void;

/** `--name` and `--name=value`. @returns how many further words it takes */
function readLong(word: Word, valued: readonly string[], next: Word | undefined, add: Add): number {
  const [name = ''] = word.text.slice(2).split('=', 1);
  const hasValue = word.text.length > name.length + 2;
  const takesNext = !hasValue && valued.includes(name);
  add(name, hasValue ? partOf(word, name.length + 3) : takesNext ? next : undefined);
  return takesNext ? 1 : 0;
}

/** `-xvf NAME`. @returns how many further words it takes */
function readCluster(
  word: Word,
  { short, attached }: { readonly short: string; readonly attached: string },
  next: Word | undefined,
  add: Add,
): number {
  const { text } = word;
  for (let at = 1; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    const isAttached = attached.includes(letter);
    if (!isAttached && !short.includes(letter)) add(letter, undefined);
    else if (isAttached || at + 1 < text.length) {
      add(letter, at + 1 < text.length ? partOf(word, at + 1) : undefined);
      return 0;
    } else {
      add(letter, next);
      return 1;
    }
  }
  return 0;
}

function partOf(word: Word, from: number): Word {
  return { ...word, text: word.text.slice(from), pattern: null };
}
