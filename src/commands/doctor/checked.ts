import type { Finding, Severity } from '../../domain/checkup.js';
import { CoordError } from '../../errors.js';

/** A finding, with the error that it was seen by. */
export interface Checked extends Finding {
  readonly error?: CoordError;
}

export function well(id: string, severity: Severity, message: string): Checked {
  return { id, ok: true, severity, message, next: null };
}

export function wrong(id: string, severity: Severity, message: string, next: string | null): Checked {
  return { id, ok: false, severity, message, next };
}

export function failed(id: string, error: CoordError): Checked {
  const { message, code, hint } = error;
  return { id, ok: false, severity: 'high', message, next: hint ?? null, code, error };
}

/** What was foreseen is something to tell; a fault is not. */
export function asError(error: unknown): CoordError {
  if (error instanceof CoordError) return error;
  throw error;
}
