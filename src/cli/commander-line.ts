import { CommanderError } from 'commander';
import { Input } from '../commands/verb.js';
import { coord } from '../domain/suggestion.js';
import { type CoordError, usage } from '../errors.js';
import { successEnvelope } from '../render/envelope.js';
import type { Act, CommandLine } from './common-flags.js';
import { CATALOGUE, VERBS } from './registry.js';
import { commandTree } from './tree.js';

/** What is known of a command line before it is parsed. */
interface Sighted {
  /** The words that seem to name the command. */
  readonly names: readonly (string | undefined)[];
  readonly json: boolean;
}

/**
 * Has commander read the command line.
 * @throws CoordError `usage` for one that is not understood, and all that the verb throws.
 */
export async function parseWithCommander(
  { argv, version, write, act }: CommandLine,
  { names, json }: Sighted,
): Promise<void> {
  const [head, tail] = names;
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
  const program = await commandTree(CATALOGUE, [head ?? firstWord(argv), tail], act, output, version);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') throw incomplete(head);
    if (MISCOUNTED.includes(error.code)) throw await miscounted(complaint || error.message, head ?? '', tail);
    if (error.exitCode !== 0) throw misunderstood(complaint || error.message, head);
    if (!json) return write(shown);
    if (error.code === 'commander.helpDisplayed') return helpAsData(names, act);
    write(successEnvelope('version', { version }, []));
  }
}

function firstWord(argv: readonly string[]): string | undefined {
  return argv.find((word) => !word.startsWith('-'));
}

/** `coord claim --help --json` is `coord help claim --json`. */
async function helpAsData(names: Sighted['names'], act: Act): Promise<void> {
  const entry = VERBS.find(({ name }) => name === 'help');
  if (!entry) return;
  const topic = names.filter((name) => name !== undefined);
  await act(entry, await entry.load(), new Input([topic], {}), { json: true, agent: undefined });
}

function incomplete(head: string | undefined): CoordError {
  if (head === undefined) return usage('no command was named', coord('help'));
  return usage(`no verb was named: coord ${head} has ${CATALOGUE.tailsOf(head).join(', ')}`, coord(`${head} --help`));
}

const MISCOUNTED = ['commander.excessArguments', 'commander.missingArgument'];

/** Words that are too many, or one that is missing: with how the command is typed. */
async function miscounted(complaint: string, head: string, tail: string | undefined): Promise<CoordError> {
  const missing = /missing required argument '(.+?)'/.exec(complaint)?.[1];
  const entry = CATALOGUE.entryNamed(head, tail) ?? CATALOGUE.defaultOf(head);
  const verb = await entry?.load();
  const name = entry?.name ?? head;
  const shape = [`coord ${name}`, ...(verb?.arguments ?? []).map(([flags]) => flags)].join(' ');
  const what = missing === undefined ? 'it takes fewer words than that' : `<${missing}> is missing`;
  const quotes = missing === undefined && verb?.arguments ? ' (a text with spaces needs quotes)' : '';
  return usage(`${what}: ${shape}${quotes}`, coord(`help ${name}`));
}

function misunderstood(complaint: string, head: string | undefined): CoordError {
  const [first = '', ...rest] = complaint
    .trim()
    .replace(/^error: /, '')
    .split('\n');
  const suggestion = /Did you mean (?:one of )?(.+?)\?/.exec(rest.join(' '))?.[1];
  return usage(
    suggestion ? `${first} (did you mean ${suggestion}?)` : first,
    head === undefined ? coord('--help') : coord(`${head} --help`),
  );
}
