import type { Word } from './words.js';

/** Which options take a value: the letters of the short ones, the names of the long ones. */
export interface Valued {
  readonly short?: string;
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
export function readArguments(words: readonly Word[], { short = '', long = [] }: Valued = {}): Arguments {
  const operands: Word[] = [];
  const options = new Map<string, Word[]>();
  let separator: number | null = null;
  const add: Add = (name, value) => {
    options.set(name, [...(options.get(name) ?? []), ...(value ? [value] : [])]);
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as Word;
    const { text } = word;
    if (separator !== null || text === '-' || !text.startsWith('-')) operands.push(word);
    else if (text === '--') separator = operands.length;
    else if (text.startsWith('--')) index += readLong(word, long, words[index + 1], add);
    else index += readCluster(word, short, words[index + 1], add);
  }
  return { operands, options, separator };
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
function readCluster(word: Word, valued: string, next: Word | undefined, add: Add): number {
  const { text } = word;
  for (let at = 1; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (!valued.includes(letter)) add(letter, undefined);
    else if (at + 1 < text.length) {
      add(letter, partOf(word, at + 1));
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
