import { asCoordError, perform } from '../commands/perform.js';
import type { Outcome, Success } from '../commands/verb.js';
import { asTyped } from '../domain/suggestion.js';
import { printable } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { failureEnvelope, successEnvelope } from '../render/envelope.js';
import { loadStyle, wantsColour } from '../render/style.js';
import { Context } from '../workspace/context.js';
import type { Host } from '../workspace/host.js';
import { dispatch, typed, wordsOf } from './dispatch.js';
import { VERBS } from './registry.js';

/**
 * Runs one command line; the one place that maps an error to an exit code.
 * @returns the exit code: of the exit table, or of the program that the command ran.
 */
export async function runCommandLine(host: Host, version: string): Promise<number> {
  let exit = 0;
  try {
    await dispatch({
      argv: host.argv,
      version,
      write: (text) => host.stdout.write(text),
      act: async (entry, verb, input, flags) => {
        const context = new Context(host, flags);
        const { outcome, notices } = await perform(context, verb, input);
        const typed = (text: string) => asTyped(text, context.standpoint);
        exit = await report(host, entry.name, { ...flags, typed }, outcome, notices);
      },
    });
  } catch (error) {
    const manner = {
      json: typed(host.argv).includes('--json'),
      typed: (text: string) => asTyped(text, { atRoot: true, agent: undefined }),
    };
    exit = await report(host, commandNamed(host.argv), manner, asCoordError(error), []);
  }
  return exit;
}

/** How an outcome is told. */
interface Manner {
  readonly json: boolean;
  /** Writes a text with its suggestions as they can be pasted. */
  typed(text: string): string;
}

async function report(
  host: Host,
  command: string,
  manner: Manner,
  outcome: Outcome,
  notices: readonly string[],
): Promise<number> {
  const failed = outcome instanceof CoordError;
  const coloured = wantsColour(host.env, host.stderr.isTTY ?? false);
  const toStderr = await loadStyle(coloured);
  const say = (line: string) => host.stderr.write(printable(`${manner.typed(line)}\n`, coloured));
  for (const notice of notices) say(`${toStderr.warn('notice:')} ${notice}`);
  if (failed) {
    if (manner.json) host.stdout.write(failureEnvelope(command, outcome, notices, manner.typed));
    else {
      say(toStderr.bad(outcome.message));
      const next = suggestionsIn(outcome);
      if (next !== '') say(`${toStderr.bold('next:')} ${next}`);
    }
    return outcome.exit;
  }
  for (const warning of outcome.warnings ?? []) {
    say(`${toStderr.warn('warning:')} ${warning}`);
  }
  if (!outcome.streamed) await print(host, command, manner, outcome, notices);
  return outcome.failure?.exit ?? outcome.exit ?? 0;
}

/** `coord claim README.md        or wait your turn: coord claim src/api/users.ts --wait` */
function suggestionsIn({ hint = '', alternative }: CoordError): string {
  const other = alternative ? `or ${alternative.why}: ${alternative.command}` : '';
  return [hint, other].filter((part) => part !== '').join('        ');
}

async function print(
  host: Host,
  command: string,
  manner: Manner,
  outcome: Success,
  notices: readonly string[],
): Promise<void> {
  if (manner.json) {
    const { data, failure } = outcome;
    const envelope = failure
      ? failureEnvelope(command, failure, notices, manner.typed, data)
      : successEnvelope(command, data, notices, manner.typed);
    host.stdout.write(envelope);
    return;
  }
  const coloured = wantsColour(host.env, host.stdout.isTTY ?? false);
  const style = await loadStyle(coloured);
  const lines = [outcome.text(style)].flat();
  if (lines.length > 0) host.stdout.write(printable(`${manner.typed(lines.join('\n'))}\n`, coloured));
}

/** The verb that a command line names, as far as it can be told without parsing it. */
function commandNamed(argv: readonly string[]): string {
  const words = wordsOf(argv);
  const long = words.slice(0, 2).join(' ');
  return VERBS.find((entry) => entry.name === long)?.name ?? words[0] ?? 'help';
}
