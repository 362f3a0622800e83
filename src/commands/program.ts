import { CommanderError } from 'commander';
import { parseDuration } from '../domain/time.js';
import { type CoordError, usage } from '../errors.js';
import { successEnvelope } from '../render/envelope.js';
import { checkNames } from './names.js';
import { VERBS } from './registry.js';
import { inGroup, tailsOf } from './subjects.js';
import { type Act, commandTree, helpText } from './tree.js';
import { Input } from './verb.js';
import { typed, wordsOf } from './words.js';

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly version: string;
  /** Help and version go here. */
  readonly write: (text: string) => void;
  readonly act: Act;
}

/**
 * Runs the command line. Only the verb that it names is loaded; the others stand in the help with their summary.
 * @throws CoordError `usage` for a command line that is not understood, and all that the verb throws.
 */
export async function runProgram(options: ProgramOptions): Promise<void> {
  const { argv, write, act } = options;
  const [head, tail] = wordsOf(argv);
  const json = typed(argv).includes('--json');
  const asksForHelp = typed(argv).some((word) => word === '--help' || word === '-h');
  if (head !== undefined) checkNames(head, tail);
  if (argv.length === 0) return write(await helpText([]));
  if (head !== undefined && isBareGroup(head, tail) && !json && !asksForHelp) return write(await helpText([head]));
  let shown = '';
  let complaint = '';
  const output = {
    out: (text: string) => {
      shown += text;
    },
    err: (text: string) => {
      complaint += text;
    },
  };
  const [own, command] = splitCommand(argv, head);
  const actWith: Act = (entry, verb, input, flags) => act(entry, verb, input.withCommand(command), flags);
  const program = await commandTree(head ?? firstWord(argv), actWith, output, options.version);
  try {
    await program.parseAsync(separateWait(own), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') throw incomplete(head);
    if (error.exitCode !== 0) throw misunderstood(complaint || error.message, head);
    if (!json) return write(shown);
    if (error.code === 'commander.helpDisplayed') return helpAsData([head, tail], act);
    write(successEnvelope('version', { version: options.version }, []));
  }
}

/** What coord reads, and for a verb that takes a command line, the words after `--`. */
function splitCommand(argv: readonly string[], head: string | undefined): [string[], string[]] {
  const end = argv.indexOf('--');
  const takesCommand = VERBS.some(({ name, takesCommand }) => takesCommand && name.split(' ')[0] === head);
  return takesCommand && end >= 0 ? [argv.slice(0, end), argv.slice(end + 1)] : [[...argv], []];
}

/** `--wait TARGET` is a bare `--wait`: its optional value is taken only where it is a duration. */
function separateWait(argv: readonly string[]): string[] {
  const end = typed(argv).length;
  return argv.map((word, index) => {
    const next = index + 1 < end ? argv[index + 1] : undefined;
    const bare = word === '--wait' && index < end && next !== undefined && parseDuration(next) === null;
    return bare ? '--wait=' : word;
  });
}

function firstWord(argv: readonly string[]): string | undefined {
  return argv.find((word) => !word.startsWith('-'));
}

function isBareGroup(head: string, tail: string | undefined): boolean {
  return (
    tail === undefined && !VERBS.some(({ name, isDefault }) => name === head || (isDefault && inGroup(name, head)))
  );
}

/** `coord claim --help --json` is `coord help claim --json`. */
async function helpAsData(names: readonly (string | undefined)[], act: Act): Promise<void> {
  const entry = VERBS.find(({ name }) => name === 'help');
  if (!entry) return;
  const topic = names.filter((name) => name !== undefined);
  await act(entry, await entry.load(), new Input([topic], {}), { json: true, agent: undefined });
}

function incomplete(head: string | undefined): CoordError {
  if (head === undefined) return usage('no command was named', 'coord help');
  return usage(`no verb was named: coord ${head} has ${tailsOf(head).join(', ')}`, `coord ${head} --help`);
}

function misunderstood(complaint: string, head: string | undefined): CoordError {
  const [first = '', ...rest] = complaint
    .trim()
    .replace(/^error: /, '')
    .split('\n');
  const suggestion = /Did you mean (?:one of )?(.+?)\?/.exec(rest.join(' '))?.[1];
  return usage(
    suggestion ? `${first} (did you mean ${suggestion}?)` : first,
    head === undefined ? 'coord --help' : `coord ${head} --help`,
  );
}
