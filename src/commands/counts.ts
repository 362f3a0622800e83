import { usage } from '../errors.js';

/** A whole number above zero that was typed for an option. @throws CoordError `usage` when it is not one. */
export function readCount(option: string, text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usage(`${option} is not a whole number above zero: ${JSON.stringify(text)}`, `for example ${option} 50`);
}
