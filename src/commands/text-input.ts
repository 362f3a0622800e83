import { usage } from '../errors.js';

/** The text without the spaces around it. @throws CoordError `usage` when there is none, or it is too long. */
export function readText(what: string, text: string, most: number): string {
  const trimmed = text.trim();
  if (trimmed === '') throw usage(`${what} is empty`, 'say it in a few words');
  if ([...trimmed].length <= most) return trimmed;
  throw usage(`${what} is longer than ${most} characters`, 'shorten it; put the rest into a note');
}

/** A reason that is not optional. @throws CoordError `usage` */
export function requiredReason(text: string | undefined, why: string): string {
  if (text === undefined || text.trim() === '') throw usage(`--reason is required: ${why}`, 'add --reason "…"');
  return readText('the reason', text, 1_000);
}
