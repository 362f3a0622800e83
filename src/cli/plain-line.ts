import type { Verb } from '../commands/verb.js';
import { AGENT_OPTION, JSON_OPTION } from './common-flags.js';

/** What a command line gives to a verb, as `Input` takes it. */
export interface PlainLine {
  /** One for each declared argument; a variadic one is a list. */
  readonly values: readonly (string | readonly string[] | undefined)[];
  /** By names in camel case. */
  readonly options: Readonly<Record<string, unknown>>;
}

type Shape = Pick<Verb, 'arguments' | 'options'>;

interface PlainOption {
  readonly key: string;
  readonly takes: 'nothing' | 'value' | 'values';
  /** Whether it is written `--no-…`. */
  readonly negates: boolean;
}

/**
 * Reads a command line of words and of options of the verb, each once and with its value: what agents and hooks type all
 * day, for which commander need not be loaded. It reads as commander does, and leaves to it whatever else there may be,
 * mistakes included.
 *
 * @param words after those that name the verb
 * @returns null for a line that is not plain
 */
export function readPlainLine(words: readonly string[], verb: Shape): PlainLine | null {
  const known = optionsOf(verb);
  if (known === null) return null;
  const negating = [...known.values()].filter(({ negates }) => negates);
  const options: Record<string, unknown> = Object.fromEntries(negating.map(({ key }) => [key, true]));
  const given = new Set<string>();
  const operands: string[] = [];
  for (let at = 0; at < words.length; ) {
    const word = words[at] as string;
    if (word === '--') {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith('-')) {
      operands.push(word);
      at += 1;
      continue;
    }
    const read = optionAt(words, at, known);
    if (read === null) return null;
    const { key, takes } = read.option;
    if (takes !== 'values' && given.has(key)) return null;
    options[key] = takes === 'values' ? [...((options[key] as string[] | undefined) ?? []), read.value] : read.value;
    given.add(key);
    at += read.length;
  }
  const values = valuesOf(operands, verb.arguments ?? []);
  return values && { values, options };
}

/** By each spelling; null where a verb has an option that is the same as one of all commands. */
function optionsOf(verb: Shape): ReadonlyMap<string, PlainOption> | null {
  const known = new Map<string, PlainOption>();
  for (const [flags, , repeatable] of [...(verb.options ?? []), AGENT_OPTION, JSON_OPTION] as const) {
    const [spellings = '', value] = flags.split(/ (?=[<[])/);
    // Whether a value follows depends on what follows.
    if (value?.startsWith('[')) continue;
    const names = spellings.split(', ');
    const long = names.at(-1) ?? '';
    if (known.has(long)) return null;
    const negates = long.startsWith('--no-');
    const key = camelCase(long.slice(negates ? 5 : 2));
    const takes = value === undefined ? 'nothing' : repeatable ? 'values' : 'value';
    for (const name of names) known.set(name, { key, takes, negates });
  }
  return known;
}

interface Read {
  readonly option: PlainOption;
  readonly value: boolean | string;
  /** In words. */
  readonly length: 1 | 2;
}

function optionAt(words: readonly string[], at: number, known: ReadonlyMap<string, PlainOption>): Read | null {
  const word = words[at] as string;
  const [, spelling = word, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  const option = known.get(spelling);
  if (!option) return null;
  if (option.takes === 'nothing') {
    return inline === undefined ? { option, value: !option.negates, length: 1 } : null;
  }
  const value = inline ?? words[at + 1];
  if (value === undefined || (inline === undefined && value.startsWith('-'))) return null;
  return { option, value, length: inline === undefined ? 2 : 1 };
}

/** null where there are too few operands, or too many. */
function valuesOf(operands: readonly string[], declared: NonNullable<Shape['arguments']>): PlainLine['values'] | null {
  const isVariadic = declared.at(-1)?.[0].includes('...') === true;
  const needed = declared.filter(([flags]) => flags.startsWith('<')).length;
  if (operands.length < needed || (!isVariadic && operands.length > declared.length)) return null;
  return declared.map(([flags], index) => (flags.includes('...') ? operands.slice(index) : operands[index]));
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
