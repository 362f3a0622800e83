import { Command, CommanderError } from 'commander';
import { CoordError } from '../errors.js';
import { VERBS, type VerbEntry } from './registry.js';
import { Input, type Verb } from './verb.js';

/** Called with what was typed, once commander has checked it. */
export type Act = (entry: VerbEntry, verb: Verb, input: Input, flags: CommonFlags) => Promise<void>;

export interface CommonFlags {
  readonly json: boolean;
  readonly agent: string | undefined;
}

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly version: string;
  /** Help and version go here. */
  readonly write: (text: string) => void;
  readonly act: Act;
}

const DESCRIPTION =
  'Lets several coding agents and people change one git repository without undoing each other’s work.';
const EPILOGUE = '\nStart with: coord init    Codes: coord help exit-codes    More: coord COMMAND --help';

/**
 * Builds the command tree and runs the command line. Only the verb that it names is loaded; the others stand in the help
 * with their summary.
 * @throws CoordError `usage` for a command line that is not understood, and all that the verb throws.
 */
export async function runProgram(options: ProgramOptions): Promise<void> {
  let complaint = '';
  const program = withCommonOptions(new Command('coord'))
    .description(DESCRIPTION)
    .version(options.version, '-V, --version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: options.write,
      writeErr: (text) => {
        complaint += text;
      },
    })
    .addHelpText('after', EPILOGUE);
  const named = verbIn(options.argv);
  const groups = new Map<string, Command>();
  for (const entry of VERBS) {
    const [head = '', tail] = entry.name.split(' ');
    const parent = tail === undefined ? program : groupIn(program, groups, head);
    const command = parent.command(tail ?? head, { isDefault: entry.isDefault ?? false }).description(entry.summary);
    if (head === named) configure(command, entry, await entry.load(), options.act);
  }
  if (named === undefined && options.argv.every((word) => word !== '--help' && word !== '-h')) {
    program.outputHelp();
    if (options.argv.length === 0) return;
    throw new CoordError('usage', 'no command was named', { hint: 'coord --help' });
  }
  try {
    await program.parseAsync([...options.argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw misunderstood(complaint || error.message, named);
  }
}

/** The first word of the command line that is neither an option nor the value of `--agent`. */
export function verbIn(argv: readonly string[]): string | undefined {
  return argv.find((word, index) => !word.startsWith('-') && argv[index - 1] !== '--agent');
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--agent <id>', 'who acts (else COORD_AGENT, the harness, or this worktree’s one session)')
    .option('--json', 'one JSON object on standard output');
}

function groupIn(program: Command, groups: Map<string, Command>, head: string): Command {
  const known = groups.get(head);
  if (known) return known;
  const group = program
    .command(head)
    .description(GROUP_SUMMARIES[head] ?? '')
    .helpCommand(false);
  groups.set(head, group);
  return group;
}

const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  session: 'start and end a run of an agent',
  rules: 'the constitution: list, show, lint',
};

function configure(command: Command, entry: VerbEntry, verb: Verb, act: Act): void {
  for (const [flags, description] of verb.arguments ?? []) command.argument(flags, description);
  for (const [flags, description] of verb.options ?? []) command.option(flags, description);
  withCommonOptions(command)
    .addHelpText('after', helpTail(verb))
    .action(async () => {
      const flags = command.optsWithGlobals();
      await act(entry, verb, new Input(command.processedArgs, flags), {
        json: flags.json === true,
        agent: typeof flags.agent === 'string' ? flags.agent : undefined,
      });
    });
}

function helpTail(verb: Verb): string {
  const width = Math.max(...verb.examples.map(([command]) => command.length));
  const examples = verb.examples.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`);
  const title = verb.examples.length === 1 ? 'Example:' : 'Examples:';
  return ['', ...(verb.notes ? [...verb.notes, ''] : []), title, ...examples].join('\n');
}

function misunderstood(complaint: string, named: string | undefined): CoordError {
  const [first = '', ...rest] = complaint
    .trim()
    .replace(/^error: /, '')
    .split('\n');
  const suggestion = /Did you mean (?:one of )?(.+?)\?/.exec(rest.join(' '))?.[1];
  const known = VERBS.some((entry) => entry.name.split(' ')[0] === named);
  const help = known ? `coord ${named} --help` : 'coord --help';
  return new CoordError('usage', suggestion ? `${first} (did you mean ${suggestion}?)` : first, { hint: help });
}
