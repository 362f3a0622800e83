import { canonicalPattern } from '../domain/ground/patterns.js';
import { parseDuration } from '../domain/time.js';
import type { FilledConfig } from './keys.js';

/** What a deploy needs, by the names of gates and of deploy targets. */
export interface Deploys {
  readonly gates: Readonly<Record<string, GateConfig>>;
  readonly deploy: Readonly<Record<string, DeployConfig>>;
}

/** An independent authorisation. */
export type GateConfig =
  | { readonly type: 'command'; readonly command: readonly string[]; readonly timeoutSeconds: number }
  | SignedTagGate;

/** Whose signatures count: paths of files on the main branch. */
export interface SignerFiles {
  readonly allowedSigners: string;
  /** Keys that count no more; null: none. */
  readonly revokedSigners: string | null;
  /** The public GPG keys of those who sign with one; null: nobody does. */
  readonly gpgKeys: string | null;
}

export interface SignedTagGate extends SignerFiles {
  readonly type: 'signed-tag';
  /** How many different people must have signed. */
  readonly signers: number;
}

export interface DeployConfig {
  /** Names of gates, all of which must be open. */
  readonly gates: readonly string[];
  /** null: nothing shows from outside what runs. */
  readonly verify: VerifyConfig | null;
  /** Whether HEAD must be on the remote's main branch. */
  readonly requirePushed: boolean;
  /** How command lines begin that deploy it, so that the edit guard knows them. */
  readonly commands: readonly string[];
  /** Globs of what may lie in the worktree although no commit has it: it goes along. */
  readonly untracked: readonly string[];
}

/** What the live URL must show. */
export interface VerifyConfig {
  readonly url: string;
  /** Text in which `{commit}` stands for the commit, and `{short}` for its first seven digits; null: see `pattern`. */
  readonly expect: string | null;
  /** A regular expression, with the same two in it; null: see `expect`. */
  readonly pattern: string | null;
  /** Where to look for it; null: in the body. */
  readonly header: string | null;
  readonly status: number;
  /** Where an answer may lead to: nowhere else, to the same origin, or to these hosts as well. */
  readonly redirects: 'none' | 'same-origin' | readonly string[];
  /** Between two attempts. */
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
}

/** The globs of untracked files that may lie beside what is deployed to a target: the project's list, and workers' scratch paths. */
export function untrackedAllowed(
  { scratch, deploy }: Pick<Deploys, 'deploy'> & { readonly scratch: readonly string[] },
  target: string,
): readonly string[] {
  const listed = Object.hasOwn(deploy, target) ? (deploy[target]?.untracked ?? []) : [];
  return [...scratch.map((pattern) => pattern.replaceAll('{agent}', '*')), ...listed];
}

/** The gates and deploy targets in the form in which they are used. */
export function deploysOf({ gates, deploy }: Pick<FilledConfig, 'gates' | 'deploy'>): Deploys {
  return { gates: mapValues(gates, gateConfig), deploy: mapValues(deploy, deployConfig) };
}

function gateConfig(gate: FilledConfig['gates'][string]): GateConfig {
  return gate.type === 'command'
    ? { type: gate.type, command: gate.command, timeoutSeconds: seconds(gate.timeout) }
    : { type: gate.type, ...signerFiles(gate), signers: gate.signers };
}

export function signerFiles(filled: FilledConfig['signers']): SignerFiles {
  const { allowedSigners, revokedSigners = null, gpgKeys = null } = filled;
  return { allowedSigners, revokedSigners, gpgKeys };
}

type Filled = FilledConfig['deploy'][string];

function deployConfig({ verify, untracked, ...rest }: Filled): DeployConfig {
  return { ...rest, verify: verify ? verifyConfig(verify) : null, untracked: untracked.map(canonicalPattern) };
}

function verifyConfig(filled: NonNullable<Filled['verify']>): VerifyConfig {
  const { expect, pattern = null, header = null, interval, timeout, ...rest } = filled;
  return {
    ...rest,
    expect: expect ?? (pattern === null ? '{commit}' : null),
    pattern,
    header,
    intervalSeconds: seconds(interval),
    timeoutSeconds: seconds(timeout),
  };
}

/** A duration of the configuration, which has been found to be one, in seconds. */
export function seconds(duration: string): number {
  return parseDuration(duration) ?? 0;
}

/** The same record with each value changed. */
export function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
