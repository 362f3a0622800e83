import type { VerbEntry } from '../commands/verb.js';
import { coord, shellWord } from '../domain/suggestion.js';
import { nearest, oneLine, shorten } from '../domain/text.js';
import { type CoordError, usage } from '../errors.js';

/**
 * The headings of the help with the commands under each, in the order in which it lists them: what is needed every day
 * stands first.
 */
export const SUBJECTS: readonly (readonly [heading: string, commands: readonly string[]])[] = [
  ['Every day', ['session', 'claim', 'release', 'status', 'sync-check', 'conflicts']],
  ['More about claims', ['renew', 'handoff', 'verify-token', 'run', 'once', 'land']],
  ['Tasks and results', ['task', 'submit', 'integrate']],
  ['Deploys', ['gate', 'deploy']],
  ['Agents and their rules', ['rules', 'agent']],
  ['The log and the history', ['note', 'ack', 'log', 'inbox', 'events', 'metrics', 'dashboard']],
  ['Setting up', ['init', 'doctor', 'guard', 'audit', 'completion', 'mcp', 'help']],
];

/** What the groups of verbs are about. */
export const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  session: 'start and end a run of an agent',
  rules: 'the rules that every agent follows',
  agent: 'who works here; stop an agent',
  handoff: 'offer your claims to another agent',
  task: 'give out work, take it, collect the results',
  gate: 'what authorises a deploy',
  deploy: 'deploy without silently undoing work',
  guard: 'hooks that stop what nobody claimed',
};

/** What was typed is repeated in the answer up to so many words. */
const MOST_REPEATED = 12;

/** Every verb, by the words that name it: the registry's, which hands itself to the verbs that are about all of them. */
export class Catalogue {
  constructor(readonly verbs: readonly VerbEntry[]) {}

  /** The first words of all commands, each once, in the order of the subjects. */
  heads(): string[] {
    const known = new Set(this.verbs.map(({ name }) => name.split(' ')[0] ?? name));
    const ordered = SUBJECTS.flatMap(([, commands]) => commands).filter((command) => known.has(command));
    return [...new Set([...ordered, ...known])];
  }

  /** The verb that two words name; the second may be an argument of the first. undefined: a group alone, or no command. */
  entryNamed(head: string | undefined, tail: string | undefined): VerbEntry | undefined {
    return this.verbs.find(({ name }) => name === `${head} ${tail}`) ?? this.verbs.find(({ name }) => name === head);
  }

  /** The verb of this name, and those of the group of this name. */
  under(head: string): VerbEntry[] {
    return this.verbs.filter(({ name }) => name === head || isIn(head, name));
  }

  /** The verbs of a group, such as `start` and `end` of `session`; empty when it is no group. */
  tailsOf(head: string): string[] {
    return this.verbs.flatMap(({ name }) => (isIn(head, name) ? [name.slice(head.length + 1)] : []));
  }

  /** The verb that a group alone means; undefined where it has none. */
  defaultOf(head: string): VerbEntry | undefined {
    return this.verbs.find(
      ({ name, isDefault }) => (name === head && this.tailsOf(head).length > 0) || (isDefault && isIn(head, name)),
    );
  }

  /**
   * Checks the words that name a command; `others` may stand in the place of the first as well.
   * @param rest all that was typed after the first word
   * @throws CoordError `usage`, with the command that was meant, when there is no such command.
   */
  checkNames(head: string, tail: string | undefined, rest: readonly string[], others: readonly string[] = []): void {
    const heads = [...this.heads(), ...others];
    if (!heads.includes(head)) throw foreign(head, rest) ?? unknown(head, heads, '');
    const tails = this.tailsOf(head);
    if (tail === undefined || tails.length === 0 || tails.includes(tail)) return;
    // What a verb of the group's own name takes can be any word; every other group has nothing but its verbs.
    if (this.defaultOf(head)?.name === head) return;
    throw foreign(head, rest) ?? unknown(tail, tails, `${head} `);
  }
}

export function subjectOf(head: string): string {
  return SUBJECTS.find(([, commands]) => commands.includes(head))?.[0] ?? 'More';
}

/** Whether a verb's name is that of a verb of this group. */
function isIn(head: string, name: string): boolean {
  return name.startsWith(`${head} `);
}

/** A word of other tools, or of habit, is answered with the command, ready to paste. */
function foreign(head: string, rest: readonly string[]): CoordError | undefined {
  const meant = meantBy(
    head,
    rest.slice(0, MOST_REPEATED).map((word) => (word.startsWith('-') ? word : shellWord(word))),
  );
  if (meant === undefined) return undefined;
  const [tail] = rest;
  const typed = Object.hasOwn(COMMANDS, `${head} ${tail}`) && !Object.hasOwn(COMMANDS, head) ? `${head} ${tail}` : head;
  return usage(`unknown command: ${oneLine(shorten(typed, 80))}`, coord(meant));
}

function unknown(word: string, known: readonly string[], prefix: string): CoordError {
  const said = `${prefix}${oneLine(shorten(word, 80))}`;
  const meant = nearest(word, known);
  if (meant === undefined) {
    const verbs = prefix === '' ? '' : `; coord ${prefix}has ${known.join(', ')}`;
    return usage(`unknown command: ${said}${verbs}`, coord(`help ${prefix}`.trimEnd()));
  }
  return usage(`unknown command: ${said} (did you mean ${prefix}${meant}?)`, coord(`help ${prefix}${meant}`));
}

/**
 * What people and agents type from habit, by the words that they type; what they typed after those goes in the place of
 * the `…`. A row of two words comes before one of its first word alone.
 */
const COMMANDS: Readonly<Record<string, string>> = {
  lock: 'claim …',
  acquire: 'claim …',
  reserve: 'claim …',
  take: 'claim …',
  steal: 'claim … --take-over --reason "why"',
  unlock: 'release …',
  unclaim: 'release …',
  free: 'release …',
  'released-by': 'release --merged …',
  locks: 'status …',
  claims: 'status …',
  list: 'status …',
  ls: 'status …',
  who: 'status …',
  whoami: 'status --mine',
  wait: 'status … --wait',
  accept: 'handoff accept …',
  decline: 'handoff decline …',
  give: 'handoff …',
  agents: 'agent list',
  'agents list': 'agent list',
  'agents kill': 'agent kill …',
  'agents revive': 'agent revive …',
  ps: 'agent list',
  kill: 'agent kill …',
  revive: 'agent revive …',
  state: 'agent state …',
  scratch: 'session scratch',
  login: 'session start …',
  start: 'session start …',
  logout: 'session end',
  end: 'session end',
  deployments: 'deploy list',
  deploys: 'deploy list',
  evidence: 'deploy show …',
  verify: 'deploy verify …',
  gates: 'gate list',
  watch: 'status --watch',
  check: 'sync-check',
  sync: 'sync-check',
  push: 'land',
  merge: 'land',
  say: 'note …',
  tell: 'note …',
  message: 'note …',
  messages: 'inbox',
  mail: 'inbox',
  history: 'events',
  tasks: 'task list …',
  todo: 'task list …',
  next: 'task take …',
  ticket: 'task add …',
  compact: 'doctor --compact …',
  'hooks install': 'guard install …',
  'hooks uninstall': 'guard uninstall …',
  'hooks run': 'guard run …',
  'hooks status': 'guard status',
  hooks: 'guard status',
  guards: 'guard status',
  hook: 'guard hook …',
  setup: 'guard install …',
  install: 'guard install …',
  'session begin': 'session start …',
  'session new': 'session start …',
  'session stop': 'session end …',
  'task ls': 'task list …',
  'task new': 'task add …',
  'task create': 'task add …',
  'task claim': 'task take …',
  'task start': 'task take …',
  'task next': 'task take …',
  'task finish': 'task done …',
  'task complete': 'task done …',
  'task close': 'task done …',
  'task rm': 'task drop …',
  'task delete': 'task drop …',
  'agent ls': 'agent list …',
  'agent stop': 'agent kill …',
  'rules ls': 'rules list …',
  'rules check': 'rules lint …',
  'gate ls': 'gate list …',
  'gate open': 'gate check …',
  'guard on': 'guard install …',
  'guard off': 'guard uninstall …',
  config: 'help config',
  version: '--version',
};

/** Options that need not be repeated, or that are gone. */
const DROPPED = new Set(['--force', '--json']);

/**
 * The command that was meant by words of other tools, or of habit, without `coord`; undefined for a word that has none.
 * @param rest what was typed after the first word, as a shell needs it
 */
export function meantBy(head: string, rest: readonly string[]): string | undefined {
  const [tail] = rest;
  const long = `${head} ${tail}`;
  const isLong = tail !== undefined && Object.hasOwn(COMMANDS, long);
  if (!isLong && !Object.hasOwn(COMMANDS, head)) return undefined;
  const words = (isLong ? rest.slice(1) : rest).filter((word) => !DROPPED.has(word));
  return (COMMANDS[isLong ? long : head] ?? '')
    .replace('…', () => words.join(' '))
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** All rows, for a test to hold against the verbs that there are. */
export const FOREIGN_WORDS: readonly (readonly [typed: string, command: string])[] = Object.entries(COMMANDS);
