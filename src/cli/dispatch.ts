import { Input, type Verb, type VerbEntry } from '../commands/verb.js';
import { coord } from '../domain/suggestion.js';
import { parseDuration } from '../domain/time.js';
import { usage } from '../errors.js';
import { type Act, AGENT_OPTION, type CommandLine, commonFlags, JSON_OPTION } from './common-flags.js';
import { CATALOGUE, VERBS } from './registry.js';

/**
 * Runs the command line. Only the verb that it names is loaded; the others stand in the help with their summary.
 * @throws CoordError `usage` for a command line that is not understood, and all that the verb throws.
 */
export async function dispatch(line: CommandLine): Promise<void> {
  const { argv, write } = line;
  const [head, tail] = wordsOf(argv);
  const json = typed(argv).includes('--json');
  const asksForHelp = typed(argv).some((word) => word === '--help' || word === '-h');
  if (head !== undefined) CATALOGUE.checkNames(head, tail, argv.slice(argv.indexOf(head) + 1));
  const isBare = head !== undefined && isBareGroup(head, tail) && !json && !asksForHelp;
  if (isBare) {
    const { helpText } = await import('./tree.js');
    return write(await helpText(CATALOGUE, [head]));
  }
  if (await actOnNothing(argv, line.act)) return;
  const entry = CATALOGUE.entryNamed(head, tail);
  const [own, command] = splitCommand(argv, entry, head);
  const act: Act = (named, verb, input, flags) => line.act(named, verb, input.withCommand(command), flags);
  if (await actPlainly(own, entry, act)) return;
  const { parseWithCommander } = await import('./commander-line.js');
  await parseWithCommander({ ...line, argv: separateWait(own), act }, { names: [head, tail], json });
}

/** `coord` alone, whoever acts: the first screen. @returns false where more was typed */
async function actOnNothing(argv: readonly string[], act: Act): Promise<boolean> {
  const plain = readPlainLine(argv, { arguments: [], options: [] });
  if (plain === null) return false;
  await act(OVERVIEW, await OVERVIEW.load(), new Input(plain.values, plain.options), commonFlags(plain.options));
  return true;
}

/** Not in the registry: it is what no word names. */
const OVERVIEW: VerbEntry = {
  name: 'overview',
  summary: 'where you stand',
  load: async () => (await import('../commands/session/overview.js')).overview,
};

/** @returns false where it takes commander to say what was typed */
async function actPlainly(argv: readonly string[], entry: VerbEntry | undefined, act: Act): Promise<boolean> {
  const called = entry?.name.split(' ') ?? [];
  if (!entry || !called.every((word, index) => argv[index] === word)) return false;
  const verb = await entry.load();
  const plain = readPlainLine(argv.slice(called.length), verb);
  if (plain) await act(entry, verb, new Input(plain.values, plain.options), commonFlags(plain.options));
  return plain !== null;
}

/**
 * What coord reads, and for a verb that takes a command line, the words after `--`.
 * @throws CoordError `usage` where the word before them is a verb of a group, and was meant as what is to be run upon.
 */
function splitCommand(
  argv: readonly string[],
  entry: VerbEntry | undefined,
  head: string | undefined,
): [string[], string[]] {
  const end = argv.indexOf('--');
  const takesCommand = VERBS.some((each) => each.takesCommand && each.name === head);
  if (!takesCommand || end < 0) return [[...argv], []];
  if (!entry?.takesCommand) {
    const tail = entry?.name.slice((head ?? '').length + 1);
    throw usage(
      `coord ${entry?.name} runs no program: ${tail} is a verb of coord ${head}, and nothing else can have that name`,
      coord(`${head} --help`),
    );
  }
  return [argv.slice(0, end), argv.slice(end + 1)];
}

/**
 * `--wait TARGET` is a bare `--wait`: its optional value is taken only where it is a duration, or a number, which then is
 * told to lack its unit.
 */
function separateWait(argv: readonly string[]): string[] {
  const end = typed(argv).length;
  return argv.map((word, index) => {
    const next = index + 1 < end ? argv[index + 1] : undefined;
    const isValue = next === undefined || parseDuration(next) !== null || /^\d+$/.test(next);
    return word === '--wait' && index < end && !isValue ? '--wait=' : word;
  });
}

function isBareGroup(head: string, tail: string | undefined): boolean {
  return tail === undefined && CATALOGUE.tailsOf(head).length > 0 && CATALOGUE.defaultOf(head) === undefined;
}

/** The words that name the command: those before any option of its own, which only the command itself understands. */
export function wordsOf(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--agent') index += 1;
    else if (!word.startsWith('-')) words.push(word);
    else if (word !== '--json' && !word.startsWith('--agent=')) break;
  }
  return words;
}

/** What was typed for coord itself; what follows `--` is another program's. */
export function typed(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

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
