import { Command } from 'commander';
import { Input, type Verb, type VerbEntry } from '../commands/verb.js';
import { usage } from '../errors.js';
import { type Catalogue, GROUP_SUMMARIES, subjectOf } from './catalogue.js';
import { type Act, AGENT_OPTION, commonFlags, JSON_OPTION } from './common-flags.js';

const DESCRIPTION =
  'Lets several coding agents and people change one git repository without undoing each other’s work.';
const EPILOGUE = '\nStart with: coord init    Codes: coord help exit-codes    More: coord COMMAND --help';

/** Where commander writes help, and what it complains of. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/**
 * The commands as commander knows them: those under the first word that is named, with their verbs loaded (where a second
 * word names one of them, that one alone); or where it names none, all of them with their summary alone, as the help
 * lists them.
 */
export async function commandTree(
  catalogue: Catalogue,
  [named, verb]: readonly (string | undefined)[],
  act: Act,
  { out, err }: Output,
  version = '',
): Promise<Command> {
  const program = withCommonOptions(new Command('coord'))
    .description(DESCRIPTION)
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .addHelpText('after', EPILOGUE);
  const meant = catalogue.verbs.find(({ name }) => name === `${named} ${verb}`);
  const isMeant = (entry: VerbEntry) => meant === undefined || meant === entry;
  const all = catalogue.heads();
  for (const head of all.filter((each) => each === named || !all.includes(named ?? ''))) {
    const isGroup = catalogue.tailsOf(head).length > 0;
    const parent = isGroup
      ? program
          .command(head)
          .description(GROUP_SUMMARIES[head] ?? '')
          .helpCommand(false)
      : program;
    for (const entry of catalogue.under(head)) {
      const isParent = isGroup && entry.name === head;
      const name = entry.name.slice(entry.name.lastIndexOf(' ') + 1);
      // What stands after the name of a verb of the group is that verb's, not the group's.
      const command = isParent
        ? parent.enablePositionalOptions()
        : parent.command(name, { isDefault: entry.isDefault ?? false }).description(entry.summary);
      if (head === named && isMeant(entry)) configure(command, entry, await entry.load(), act);
    }
    program.commands.at(-1)?.helpGroup(`${subjectOf(head)}:`);
  }
  return program;
}

function withCommonOptions(command: Command): Command {
  return command.option(...AGENT_OPTION).option(...JSON_OPTION);
}

function configure(command: Command, entry: VerbEntry, verb: Verb, act: Act): void {
  for (const [flags, description] of verb.arguments ?? []) command.argument(flags, description);
  for (const [flags, description, repeatable] of verb.options ?? []) {
    if (repeatable) command.option(flags, description, (value: string, all: string[] = []) => [...all, value]);
    else command.option(flags, description);
  }
  withCommonOptions(command)
    .addHelpText('after', helpTail(verb))
    .action(async () => {
      const stray = command.parent && strayOption(command, command.parent);
      if (stray) throw usage(`${stray} is not an option of coord ${entry.name}`, `coord ${entry.name} --help`);
      const flags = command.optsWithGlobals();
      await act(entry, verb, new Input(command.processedArgs, flags), commonFlags(flags));
    });
}

/** An option of a group's own verb that was typed with another verb of the group, which has none of that name. */
function strayOption(command: Command, group: Command): string | undefined {
  return group.options
    .filter((option) => group.getOptionValueSource(option.attributeName()) === 'cli')
    .find(({ long }) => !command.options.some((own) => own.long === long))?.long;
}

/** What a longer example means stands below it. */
const WIDEST_EXAMPLE = 56;

function helpTail(verb: Verb): string {
  const width = Math.min(WIDEST_EXAMPLE, Math.max(...verb.examples.map(([command]) => command.length)));
  const examples = verb.examples.map(([command, meaning]) => {
    const said = command.length > width ? `${command}\n  ${' '.repeat(width)}` : command.padEnd(width);
    return `  ${said}  ${meaning}`;
  });
  const title = verb.examples.length === 1 ? 'Example:' : 'Examples:';
  return ['', ...(verb.notes ? [...verb.notes, ''] : []), title, ...examples].join('\n');
}

/** The help of one command, or of all (no names). */
export async function helpText(catalogue: Catalogue, names: readonly string[]): Promise<string> {
  let shown = '';
  const out = (text: string) => {
    shown += text;
  };
  let command = await commandTree(catalogue, [names[0], names[1]], async () => undefined, { out, err: out });
  for (const name of names) command = command.commands.find((candidate) => candidate.name() === name) ?? command;
  command.outputHelp();
  return shown;
}
