import { command as asCommand, commandIn } from '../domain/suggestion.js';
import { jsonLine } from '../domain/text.js';
import type { CoordError } from '../errors.js';

const SCHEMA = 'coord/1';

/** Writes a text with its suggestions as they can be pasted. */
type Typed = (text: string) => string;

/** What stands on standard output with `--json`: one object, success or not. */
export function successEnvelope(command: string, data: object, notices: readonly string[], typed?: Typed): string {
  return `${jsonLine({ schema: SCHEMA, command, ok: true, data, ...told(notices) }, typed)}\n`;
}

/** @param data what there is to say although it failed: the report of a dry run, the record of a deploy */
export function failureEnvelope(
  command: string,
  error: CoordError,
  notices: readonly string[],
  typed: Typed,
  data?: object,
): string {
  const body = errorBody(error);
  return `${jsonLine({ schema: SCHEMA, command, ok: false, ...(data ? { data } : {}), error: body, ...told(notices) }, typed)}\n`;
}

/** What programs are told of an error: the command to run as the hint, and all that was said where that is more. */
export function errorBody({ code, exit, message, hint, alternative, details }: CoordError) {
  const toRun = hint === undefined ? null : (commandIn(hint) ?? hint);
  const isAll = toRun === null || [toRun, asCommand(toRun)].includes(hint ?? '');
  const more = { ...(isAll ? {} : { next: hint }), ...(alternative ? { alternative } : {}) };
  return { code, exit, message, hint: toRun, details: { ...details, ...more } };
}

function told(notices: readonly string[]): object {
  return notices.length > 0 ? { notices } : {};
}
