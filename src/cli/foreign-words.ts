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
