import { Input, type VerbEntry } from '../commands/verb.js';
import { coord } from '../domain/suggestion.js';
import { parseDuration } from '../domain/time.js';
import { usage } from '../errors.js';
import { type Act, type CommandLine, commonFlags } from './common-flags.js';
import { readPlainLine } from './plain-line.js';
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
