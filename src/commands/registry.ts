import type { Verb } from './verb.js';

export interface VerbEntry {
  /** `claim`, or `session start` for a verb of a group. */
  readonly name: string;
  readonly summary: string;
  /** Whether a group without a verb means this one. */
  readonly isDefault?: boolean;
  /** Whether the words after `--` are a command line of their own. */
  readonly takesCommand?: boolean;
  /** Loaded only when it is run, or its help is asked for. */
  load(): Promise<Verb>;
}

/** Every verb, in the order in which the help lists them. */
export const VERBS: readonly VerbEntry[] = [
  { name: 'init', summary: 'set a repository up', load: async () => (await import('./init.js')).init },
  { name: 'claim', summary: 'claim ground before you change it', load: async () => (await import('./claim.js')).claim },
  { name: 'renew', summary: 'extend your claims', load: async () => (await import('./renew.js')).renew },
  {
    name: 'release',
    summary: 'give claims back, with the commit that holds the work',
    load: async () => (await import('./release.js')).release,
  },
  {
    name: 'wait',
    summary: 'wait until ground is free, without claiming it',
    load: async () => (await import('./wait.js')).wait,
  },
  {
    name: 'once',
    summary: 'run a program at most once to success',
    takesCommand: true,
    load: async () => (await import('./once.js')).once,
  },
  {
    name: 'sync-check',
    summary: 'prove that your copy is current, before a deploy',
    load: async () => (await import('./sync-check.js')).syncCheck,
  },
  {
    name: 'run',
    summary: 'hold ground while a program runs',
    takesCommand: true,
    load: async () => (await import('./run.js')).run,
  },
  {
    name: 'steal',
    summary: 'take ground over when its time is over, or by force',
    load: async () => (await import('./steal.js')).steal,
  },
  {
    name: 'handoff',
    summary: 'offer your claims to another agent',
    load: async () => (await import('./handoff.js')).handoff,
  },
  {
    name: 'accept',
    summary: 'take claims that are offered to you',
    load: async () => (await import('./accept.js')).accept,
  },
  {
    name: 'decline',
    summary: 'turn down claims that are offered to you',
    load: async () => (await import('./decline.js')).decline,
  },
  {
    name: 'verify-token',
    summary: 'whether a fencing token still holds',
    load: async () => (await import('./verify-token.js')).verifyToken,
  },
  {
    name: 'agents',
    summary: 'who works here, what each does and holds',
    load: async () => (await import('./agents.js')).agents,
  },
  {
    name: 'agent kill',
    summary: 'revoke an agent’s claims, and let it only read',
    load: async () => (await import('./agent-kill.js')).agentKill,
  },
  {
    name: 'agent revive',
    summary: 'let a stopped agent act again',
    load: async () => (await import('./agent-revive.js')).agentRevive,
  },
  { name: 'state', summary: 'say what you are doing', load: async () => (await import('./state.js')).state },
  { name: 'status', summary: 'who holds what, and until when', load: async () => (await import('./status.js')).status },
  {
    name: 'completion',
    summary: 'print the completion script of your shell',
    load: async () => (await import('./completion.js')).completion,
  },
  { name: 'help', summary: 'about a command, or the exit codes', load: async () => (await import('./help.js')).help },
];
