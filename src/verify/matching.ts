import { runInNewContext } from 'node:vm';

/** A pattern that backtracks for ever is one of the configuration's, on an answer that anybody may have written. */
const LONGEST_MS = 1000;

/** Whether the regular expression matches; null when it does not come to an end. */
export function matchesIn(text: string, source: string): boolean | null {
  try {
    return runInNewContext('new RegExp(source, "m").test(text)', { source, text }, { timeout: LONGEST_MS }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null;
    throw error;
  }
}
