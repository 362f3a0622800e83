import { asCoordError, perform } from '../commands/perform.js';
import { asTyped } from '../domain/suggestion.js';
import { exitCodeOf } from '../errors.js';
import { Context } from '../workspace/context.js';
import type { Host } from '../workspace/host.js';
import { rememberForNext } from '../workspace/remember.js';
import { dispatch, typed, wordsOf } from './dispatch.js';
import { VERBS } from './registry.js';
import { report } from './report.js';

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
        if (entry.name !== 'guard run' && exit !== exitCodeOf('corrupt')) await rememberForNext(context);
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

/** The verb that a command line names, as far as it can be told without parsing it. */
function commandNamed(argv: readonly string[]): string {
  const words = wordsOf(argv);
  const long = words.slice(0, 2).join(' ');
  return VERBS.find((entry) => entry.name === long)?.name ?? words[0] ?? 'help';
}
