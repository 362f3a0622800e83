import type { Once } from '../domain/model.js';
import { oneLine } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { shellWord } from './command-words.js';
import { clock } from './format.js';

/** The words for a run that ended without a word: it may have done its work, or part of it, or nothing. */
export function unknownOutcomeWords(once: Once, now: Instant): { message: string; hint: string } {
  return {
    message: `unknown: ${oneLine(once.key)} was started by ${once.agent} at ${clock(once.startedAt, now)} and never reported how it ended (${oneLine(once.command)})`,
    hint: `look at what it did; then coord once ${shellWord(once.key)} --retry -- … to run it again, or --forget to start over`,
  };
}

/** Says that the result is an earlier run's. */
export function repeatedLine(once: Once, now: Instant): string {
  return `${oneLine(once.key)} ran already: by ${once.agent} at ${clock(once.finishedAt ?? once.startedAt, now)}`;
}
