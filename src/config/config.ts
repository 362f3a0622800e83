import { canonicalPattern, patternTarget } from '../domain/ground/patterns.js';
import type { Policy } from '../domain/request.js';
import { STATE_REF } from '../domain/state-ref.js';
import { type Deploys, deploysOf, mapValues, type SignerFiles, seconds, signerFiles } from './deploys.js';
import type { RawConfig } from './schema.js';

/** The configuration with every default filled in; durations in seconds. */
export interface Config extends Deploys {
  /** Full name of the state ref. */
  readonly ref: string;
  readonly remote: string;
  /** null: the remote is asked for its default branch. */
  readonly mainBranch: string | null;
  readonly share: boolean;
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
  readonly tasks: Policy['tasks'];
  /** Whose signatures count there. */
  readonly signers: SignerFiles;
}

const DEFAULT_TTL_SECONDS = 30 * 60;
const DEFAULT_MAX_TTL_SECONDS = 4 * 3600;
const DEFAULT_SKEW_SECONDS = 30;
const DEFAULT_ATTEMPTS = 3;
/** Agents' tools stop a command after 10 minutes. */
const DEFAULT_WAIT_SECONDS = 9 * 60;

export function withDefaults(raw: RawConfig): Config {
  const maxSeconds = seconds(raw.ttl?.max) ?? DEFAULT_MAX_TTL_SECONDS;
  return {
    ref: raw.ref ?? STATE_REF,
    remote: raw.remote ?? 'origin',
    mainBranch: raw.mainBranch ?? null,
    share: raw.share ?? false,
    ttl: { defaultSeconds: seconds(raw.ttl?.default) ?? Math.min(DEFAULT_TTL_SECONDS, maxSeconds), maxSeconds },
    skewSeconds: seconds(raw.skewTolerance) ?? DEFAULT_SKEW_SECONDS,
    waitSeconds: seconds(raw.wait?.max) ?? DEFAULT_WAIT_SECONDS,
    takeover: raw.takeover ?? 'clock',
    lockOrder: raw.lockOrder ?? 'detect',
    surface: (raw.surface ?? []).map(canonicalPattern),
    resources: mapValues(raw.resources ?? {}, ({ ttl }) => ({ ttlSeconds: seconds(ttl) ?? null })),
    rules: raw.rules ?? 'rules',
    memory: raw.memory ?? ['STATE.md', 'DECISIONS.md', 'LESSONS.md'],
    scratch: (raw.roles?.worker?.scratch ?? ['scratch/{agent}/**']).map(canonicalPattern),
    autoClaim: raw.autoClaim ?? true,
    requireSession: raw.requireSession ?? false,
    signCommits: raw.signCommits ?? false,
    tasks: tasksIn(raw),
    signers: signerFiles(raw.signers),
    ...deploysOf(raw),
  };
}

function tasksIn({ tasks }: RawConfig): Config['tasks'] {
  return { by: tasks?.by ?? 'everybody', attempts: tasks?.attempts ?? DEFAULT_ATTEMPTS };
}

/** What a request of this agent carries of the configuration. */
export function policyFor(config: Config, agent: string, foldCase: boolean): Policy {
  return {
    skewSeconds: config.skewSeconds,
    foldCase,
    lockOrder: config.lockOrder,
    watched: config.takeover === 'observed' ? {} : null,
    requiredRules: null,
    tasks: config.tasks,
    surface: config.surface.map(patternTarget),
    scratch: config.scratch.map((pattern) => patternTarget(pattern.replaceAll('{agent}', agent))),
  };
}
