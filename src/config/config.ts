import * as v from 'valibot';
import { canonicalPattern, patternTarget } from '../domain/ground/patterns.js';
import type { Policy } from '../domain/request.js';
import { type Deploys, deploysOf, mapValues, type SignerFiles, seconds, signerFiles } from './deploys.js';
import { ConfigSchema, DEFAULT_TTL, type FilledConfig, type RawConfig } from './keys.js';

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

/** The configuration that says no more than this. @throws ValiError where that is no configuration. */
export function withDefaults(raw: RawConfig): Config {
  return configOf(v.parse(ConfigSchema, raw));
}

/** The configuration in the form in which it is used. */
export function configOf(filled: FilledConfig): Config {
  const {
    ttl,
    roles,
    mainBranch,
    mainRemote,
    store,
    wait,
    land,
    skewTolerance,
    surface,
    resources,
    signers,
    gates,
    deploy,
    $schema,
    ...rest
  } = filled;
  const maxSeconds = seconds(ttl.max);
  return {
    ...rest,
    mainBranch: mainBranch ?? null,
    mainRemote: mainRemote ?? rest.remote,
    store: store?.etcd ?? null,
    ttl: {
      defaultSeconds: ttl.default ? seconds(ttl.default) : Math.min(seconds(DEFAULT_TTL), maxSeconds),
      maxSeconds,
    },
    skewSeconds: seconds(skewTolerance),
    waitSeconds: seconds(wait.max),
    land: { check: land.check ?? null, turnSeconds: seconds(land.turn) },
    surface: surface.map(canonicalPattern),
    resources: mapValues(resources, ({ ttl }) => ({ ttlSeconds: ttl ? seconds(ttl) : null })),
    scratch: roles.worker.scratch.map(canonicalPattern),
    signers: signerFiles(signers),
    ...deploysOf({ gates, deploy }),
  };
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
