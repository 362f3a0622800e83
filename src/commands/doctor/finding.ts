import type { Finding, Severity } from '../../domain/doctor/checkup.js';
import type { CoordError } from '../../errors.js';

/** A finding, with the error that it was seen by. */
export interface Checked extends Finding {
  readonly error?: CoordError;
}

export function pass(id: string, severity: Severity, message: string): Checked {
  return { id, ok: true, severity, message, next: null };
}

export function wrong(id: string, severity: Severity, message: string, next: string | null): Checked {
  return { id, ok: false, severity, message, next };
}
