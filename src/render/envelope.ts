import { type CoordError, exitCodeOf } from '../errors.js';

const SCHEMA = 'coord/1';

/** What stands on standard output with `--json`: one object, success or not. */
export function successEnvelope(command: string, data: object, notices: readonly string[]): string {
  return `${JSON.stringify({ schema: SCHEMA, command, ok: true, data, ...(notices.length > 0 ? { notices } : {}) })}\n`;
}

export function failureEnvelope(command: string, error: CoordError, notices: readonly string[]): string {
  const { code, message, hint, details } = error;
  const body = { code, exit: exitCodeOf(code), message, hint: hint ?? null, details };
  return `${JSON.stringify({ schema: SCHEMA, command, ok: false, error: body, ...(notices.length > 0 ? { notices } : {}) })}\n`;
}
