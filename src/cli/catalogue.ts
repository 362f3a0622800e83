import { coord, shellWord } from '../domain/suggestion.js';
import { oneLine, shorten } from '../domain/text.js';
import { type CoordError, usage } from '../errors.js';
import { meantBy } from './foreign-words.js';
import { VERBS, type VerbEntry } from './registry.js';

/**
 * The headings of the help with the commands under each, in the order in which it lists them: what is needed every day
 * stands first.
 */
export const SUBJECTS: readonly (readonly [heading: string, commands: readonly string[]])[] = [
  ['Every day', ['session', 'claim', 'release', 'status', 'sync-check']],
  ['More about claims', ['renew', 'handoff', 'verify-token', 'run', 'once', 'land']],
  ['Tasks and results', ['task', 'submit', 'integrate']],
  ['Deploys', ['gate', 'deploy']],
  ['Agents and their rules', ['rules', 'agent']],
  ['The log and the history', ['note', 'ack', 'log', 'inbox', 'events', 'metrics']],
  ['Setting up', ['init', 'doctor', 'guard', 'audit', 'completion', 'help']],
];

/** What the groups of verbs are about. */
export const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  session: 'start and end a run of an agent; a directory of its own to write in',
  rules: 'the constitution: list, show, lint',
  agent: 'who works here; say what you are doing; stop an agent, and let it act again',
  handoff: 'offer your claims to another agent; take what is offered, or turn it down',
  task: 'give out work, take it with its ground, and collect what was brought',
  gate: 'independent authorisation of a deploy: list, check, ask for, sign',
  deploy: 'deploy in one transaction, which cannot silently undo work; list, show and verify what runs',
  guard: 'hooks of git and of agent harnesses that stop what nobody claimed',
};

/** The first words of all commands, each once, in the order of the subjects. */
export function heads(): string[] {
  const known = new Set(VERBS.map(({ name }) => name.split(' ')[0] ?? name));
  const ordered = SUBJECTS.flatMap(([, commands]) => commands).filter((command) => known.has(command));
  return [...new Set([...ordered, ...known])];
}

/** The verb that two words name; the second may be an argument of the first. undefined: a group alone, or no command. */
export function entryNamed(head: string | undefined, tail: string | undefined): VerbEntry | undefined {
  return VERBS.find(({ name }) => name === `${head} ${tail}`) ?? VERBS.find(({ name }) => name === head);
}

/** The verbs of a group, such as `start` and `end` of `session`; empty when it is no group. */
export function tailsOf(head: string): string[] {
  return VERBS.flatMap(({ name }) => (inGroup(name, head) ? [name.slice(head.length + 1)] : []));
}

export function subjectOf(head: string): string {
  return SUBJECTS.find(([, commands]) => commands.includes(head))?.[0] ?? 'More';
}

/** The verb that a group alone means, and that takes words which name none of its verbs; undefined where it has none. */
export function defaultOf(head: string): VerbEntry | undefined {
  return VERBS.find(
    ({ name, isDefault }) => (name === head && tailsOf(head).length > 0) || (isDefault && inGroup(name, head)),
  );
}

/** Whether a verb's name is that of a verb of this group. */
export function inGroup(name: string, head: string): boolean {
  return name.startsWith(`${head} `);
}

/** What was typed is repeated in the answer up to so many words. */
const MOST_REPEATED = 12;

/**
 * Checks the words that name a command; `others` may stand in the place of the first as well.
 * @param rest all that was typed after the first word
 * @throws CoordError `usage`, with the command that was meant, when there is no such command.
 */
export function checkNames(
  head: string,
  tail: string | undefined,
  rest: readonly string[],
  others: readonly string[] = [],
): void {
  if (!heads().includes(head) && !others.includes(head))
    throw foreign(head, rest) ?? unknown(head, [...heads(), ...others], '');
  const tails = tailsOf(head);
  if (tail === undefined || tails.length === 0 || tails.includes(tail)) return;
  // With a default verb, the word may be its argument: what a verb of the group's own name takes can be any word, and
  // for the others a slip of the pen is told by its nearness to another verb.
  const byDefault = defaultOf(head);
  if (byDefault?.name === head) return;
  if (byDefault === undefined || nearest(tail, tails) !== undefined) throw unknown(tail, tails, `${head} `);
}

/** A word of other tools, or of habit, is answered with the command, ready to paste. */
function foreign(head: string, rest: readonly string[]): CoordError | undefined {
  const meant = meantBy(
    head,
    rest.slice(0, MOST_REPEATED).map((word) => (word.startsWith('-') ? word : shellWord(word))),
  );
  if (meant === undefined) return undefined;
  return usage(`unknown command: ${oneLine(shorten(head, 80))}`, coord(meant));
}

function unknown(word: string, known: readonly string[], prefix: string): CoordError {
  const said = `${prefix}${oneLine(shorten(word, 80))}`;
  const meant = nearest(word, known);
  if (meant === undefined) return usage(`unknown command: ${said}`, coord(`help ${prefix}`).trimEnd());
  return usage(`unknown command: ${said} (did you mean ${prefix}${meant}?)`, coord(`help ${prefix}${meant}`));
}

/** A word may differ from a known one by this share of its letters and still be taken for a slip. */
const TOLERANCE = 0.4;

/** The known word that was probably meant; undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length * TOLERANCE)) + 1;
  for (const candidate of known) {
    const steps = distance(word, candidate);
    if (steps < least) {
      best = candidate;
      least = steps;
    }
  }
  return best;
}

/** Letters to insert, delete, replace, or swap with their neighbour: the optimal string alignment distance. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let steps = Math.min(
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) steps = Math.min(steps, (beforeLast[column - 2] ?? 0) + 1);
      current.push(steps);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
