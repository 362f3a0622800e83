import { jsonLine } from '../domain/text.js';
import { type CoordError, exitCodeOf } from '../errors.js';

const SCHEMA = 'coord/1';

/** What stands on standard output with `--json`: one object, success or not. */
export function successEnvelope(command: string, data: object, notices: readonly string[]): string {
  return `${jsonLine({ schema: SCHEMA, command, ok: true, data, ...(notices.length > 0 ? { notices } : {}) })}\n`;
}

/** `typed` writes a suggestion as it can be pasted. */
export function failureEnvelope(
  command: string,
  error: CoordError,
  notices: readonly string[],
  typed: (suggestion: string) => string,
): string {
  const { code, message } = error;
  const hint = error.hint === undefined ? null : typed(error.hint);
  const alternative = error.alternative && { ...error.alternative, command: typed(error.alternative.command) };
  const details = alternative ? { ...error.details, alternative } : error.details;
  const body = { code, exit: exitCodeOf(code), message, hint, details };
  return `${jsonLine({ schema: SCHEMA, command, ok: false, error: body, ...(notices.length > 0 ? { notices } : {}) })}\n`;
}
