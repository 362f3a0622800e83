import type { Outcome, Success } from '../commands/verb.js';
import { printable } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { failureEnvelope, successEnvelope } from '../render/envelope.js';
import { loadStyle, wantsColour } from '../render/style.js';
import type { Host } from '../workspace/host.js';

/** How an outcome is told. */
interface Manner {
  readonly json: boolean;
  /** Writes a text with its suggestions as they can be pasted. */
  typed(text: string): string;
}

/** Tells what came of a command. @returns the exit code */
export async function report(
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
