import { canonicalPattern } from '../domain/ground/patterns.js';
import { parseDuration } from '../domain/time.js';
import type { RawConfig } from './schema.js';

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

const DEFAULT_GATE_SECONDS = 10 * 60;
const DEFAULT_VERIFY_SECONDS = 2 * 60;
const DEFAULT_INTERVAL_SECONDS = 2;

/** The globs of untracked files that may lie beside what is deployed to a target: the project's list, and workers' scratch paths. */
export function untrackedAllowed(
  { scratch, deploy }: Pick<Deploys, 'deploy'> & { readonly scratch: readonly string[] },
  target: string,
): readonly string[] {
  const listed = Object.hasOwn(deploy, target) ? (deploy[target]?.untracked ?? []) : [];
  return [...scratch.map((pattern) => pattern.replaceAll('{agent}', '*')), ...listed];
}

/** The gates and deploy targets with every default filled in. */
export function deploysOf(raw: RawConfig): Deploys {
  return { gates: mapValues(raw.gates ?? {}, gateConfig), deploy: mapValues(raw.deploy ?? {}, deployConfig) };
}

function gateConfig(gate: NonNullable<RawConfig['gates']>[string]): GateConfig {
  return gate.type === 'command'
    ? { type: gate.type, command: gate.command, timeoutSeconds: seconds(gate.timeout) ?? DEFAULT_GATE_SECONDS }
    : { type: gate.type, ...signerFiles(gate), signers: gate.signers ?? 1 };
}

/** Not the file of any gate: who lets agents sign here must not let them open a gate by it. */
const DEFAULT_SIGNERS = '.coord/agent_signers';

export function signerFiles(raw: RawConfig['signers']): SignerFiles {
  const { allowedSigners = DEFAULT_SIGNERS, revokedSigners = null, gpgKeys = null } = raw ?? {};
  return { allowedSigners, revokedSigners, gpgKeys };
}

function deployConfig({
  gates,
  verify,
  requirePushed,
  commands,
  untracked,
}: NonNullable<RawConfig['deploy']>[string]): DeployConfig {
  return {
    gates: gates ?? [],
    verify: verify ? verifyConfig(verify) : null,
    requirePushed: requirePushed ?? true,
    commands: commands ?? [],
    untracked: (untracked ?? []).map(canonicalPattern),
  };
}

function verifyConfig(verify: NonNullable<NonNullable<RawConfig['deploy']>[string]['verify']>): VerifyConfig {
  const pattern = verify.pattern ?? null;
  return {
    url: verify.url,
    expect: verify.expect ?? (pattern === null ? '{commit}' : null),
    pattern,
    header: verify.header ?? null,
    status: verify.status ?? 200,
    redirects: verify.redirects ?? 'none',
    intervalSeconds: seconds(verify.interval) ?? DEFAULT_INTERVAL_SECONDS,
    timeoutSeconds: seconds(verify.timeout) ?? DEFAULT_VERIFY_SECONDS,
  };
}

/** A duration of the configuration in seconds; undefined where it is not set. */
export function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : (parseDuration(duration) ?? undefined);
}

/** The same record with each value changed. */
export function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
