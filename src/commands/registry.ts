import type { Verb } from './verb.js';

export interface VerbEntry {
  /** `claim`, or `session start` for a verb of a group. */
  readonly name: string;
  readonly summary: string;
  /** Whether a group without a verb means this one. */
  readonly isDefault?: boolean;
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
  { name: 'status', summary: 'who holds what, and until when', load: async () => (await import('./status.js')).status },
];
