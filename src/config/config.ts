import { patternTarget } from '../domain/ground/patterns.js';
import type { Policy } from '../domain/request.js';
import type { Deploys, SignerFiles } from './deploys.js';

/** The configuration with every default filled in; durations in seconds. */
export interface Config extends Deploys {
  /** Full name of the state ref. */
  readonly ref: string;
  /** The remote that decides between clones. */
  readonly remote: string;
  /** The remote that has the main branch: mostly the same. */
  readonly mainRemote: string;
  /** null: the remote is asked for its default branch. */
  readonly mainBranch: string | null;
  readonly share: boolean;
  /** How many pushes a minute the remote's host takes; null: what is known of that host. */
  readonly pushesPerMinute: number | null;
  /** The etcd that decides between clones; null: the remote does. */
  readonly store: { readonly cluster: string; readonly prefix: string } | null;
  readonly ttl: { readonly defaultSeconds: number; readonly maxSeconds: number };
  readonly skewSeconds: number;
  /** The longest wait of one command, and its default. */
  readonly waitSeconds: number;
  readonly takeover: 'clock' | 'observed';
  readonly lockOrder: 'detect' | 'strict';
  readonly surface: readonly string[];
  readonly resources: Readonly<Record<string, { readonly ttlSeconds: number | null }>>;
  readonly rules: string;
  readonly memory: readonly string[];
  readonly scratch: readonly string[];
  /** Whether the edit guard claims what is free, in place of asking for it. */
  readonly autoClaim: boolean;
  readonly requireSession: boolean;
  /** Whether the commits of the state ref are signed. */
  readonly signCommits: boolean;
  /** The program that must pass on what lands; null: none. And how long one’s turn to land is. */
  readonly land: { readonly check: readonly string[] | null; readonly turnSeconds: number };
  readonly tasks: Policy['tasks'];
  /** Whose signatures count there. */
  readonly signers: SignerFiles;
}

/** The remotes that may have branches with work: the one with the main branch first. */
export function codeRemotes({ remote, mainRemote }: Pick<Config, 'remote' | 'mainRemote'>): string[] {
  return [...new Set([mainRemote, remote])];
}

/** What a request of this agent carries of the configuration. */
export function policyFor(config: Config, agent: string, foldCase: boolean): Policy {
  return {
    skewSeconds: config.skewSeconds,
    defaultTtlSeconds: config.ttl.defaultSeconds,
    foldCase,
    lockOrder: config.lockOrder,
    watched: config.takeover === 'observed' ? {} : null,
    requiredRules: null,
    tasks: config.tasks,
    surface: config.surface.map(patternTarget),
    scratch: config.scratch.map((pattern) => patternTarget(pattern.replaceAll('{agent}', agent))),
  };
}
