import { VERBS } from './commands/registry.js';
import type { Outcome, Success } from './commands/verb.js';
import { typed, wordsOf } from './commands/words.js';
import { Context, type GlobalFlags, type Host, processHost } from './context.js';
import { CoordError, exitCodeOf } from './errors.js';
import { collectNotices } from './notices.js';
import { failureEnvelope, successEnvelope } from './render/envelope.js';
import { loadStyle, wantsColour } from './render/style.js';

declare const __COORD_VERSION__: string;

/** Runs the command line of this process. `packageRoot` is the folder of the installed package. */
export function run(packageRoot: string): Promise<number> {
  return main(processHost(packageRoot));
}

/**
 * Runs one command line; the one place that maps an error to an exit code.
 * @returns the exit code: of the exit table, or of the program that the command ran.
 */
export async function main(host: Host): Promise<number> {
  const [first] = host.argv;
  if (host.argv.length === 1 && (first === '--version' || first === '-V')) {
    host.stdout.write(`${__COORD_VERSION__}\n`);
    return 0;
  }
  let exit = 0;
  try {
    const { runProgram } = await import('./commands/program.js');
    await runProgram({
      argv: host.argv,
      version: __COORD_VERSION__,
      write: (text) => host.stdout.write(text),
      act: async (entry, verb, input, flags) => {
        const context = new Context(host, flags);
        const outcome = await verb.run(context, input).catch(asCoordError);
        exit = await report(host, entry.name, flags, outcome, await collectNotices(context));
      },
    });
  } catch (error) {
    const flags = { json: typed(host.argv).includes('--json'), agent: undefined };
    exit = await report(host, commandNamed(host.argv), flags, asCoordError(error), []);
  }
  return exit;
}

async function report(
  host: Host,
  command: string,
  flags: GlobalFlags,
  outcome: Outcome,
  notices: readonly string[],
): Promise<number> {
  const failed = outcome instanceof CoordError;
  const toStderr = await loadStyle(wantsColour(host.env, host.stderr.isTTY ?? false));
  for (const notice of notices) host.stderr.write(`${toStderr.warn('notice:')} ${notice}\n`);
  if (failed) {
    if (flags.json) host.stdout.write(failureEnvelope(command, outcome, notices));
    else {
      host.stderr.write(`${toStderr.bad(outcome.message)}\n`);
      if (outcome.hint) host.stderr.write(`${toStderr.bold('next:')} ${outcome.hint}\n`);
    }
    return exitCodeOf(outcome.code);
  }
  for (const warning of outcome.warnings ?? []) host.stderr.write(`${toStderr.warn('warning:')} ${warning}\n`);
  if (!outcome.streamed) await print(host, command, flags, outcome, notices);
  return outcome.exit ?? 0;
}

async function print(
  host: Host,
  command: string,
  flags: GlobalFlags,
  outcome: Success,
  notices: readonly string[],
): Promise<void> {
  if (flags.json) {
    host.stdout.write(successEnvelope(command, outcome.data, notices));
    return;
  }
  const style = await loadStyle(wantsColour(host.env, host.stdout.isTTY ?? false));
  const lines = [outcome.text(style)].flat();
  if (lines.length > 0) host.stdout.write(`${lines.join('\n')}\n`);
}

function asCoordError(error: unknown): CoordError {
  if (error instanceof CoordError) return error;
  const { message, code, stack } = error as NodeJS.ErrnoException;
  if (code !== undefined && FILE_SYSTEM_REFUSALS.includes(code)) {
    return new CoordError('unavailable', `the file system refused: ${message}`, {
      hint: 'nothing was granted; check permissions and disk space, then repeat',
      cause: error,
    });
  }
  return new CoordError('fault', `unforeseen failure: ${message ?? String(error)}`, {
    hint: 'please report this with the command and the stack in details (--json)',
    details: { stack },
    cause: error,
  });
}

const FILE_SYSTEM_REFUSALS = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO'];

/** The verb that a command line names, as far as it can be told without parsing it. */
function commandNamed(argv: readonly string[]): string {
  const words = wordsOf(argv);
  const long = words.slice(0, 2).join(' ');
  return VERBS.find((entry) => entry.name === long)?.name ?? words[0] ?? 'help';
}
