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
