import { isAgentId } from '../domain/agents/agents.js';
import { form } from '../domain/suggestion.js';
import { fingerprint } from '../domain/text.js';
import { usage } from '../errors.js';
import type { Environment } from '../git/run.js';
import type { Host } from './host.js';

export interface Identity {
  readonly agent: string;
  /** null when no session is known. */
  readonly session: string | null;
}

/** A session that `coord session start` recorded for this worktree. */
interface RecordedSession {
  readonly agent: string;
  readonly session: string;
}

/** What is recorded of sessions. */
export interface Recorded {
  /** Those of this worktree. */
  readonly here: readonly RecordedSession[];
  /** The agent whose session was started under an id, in whichever worktree of the clone; null: none was. */
  readonly agentOf: (session: string) => string | null;
}

/**
 * Variables in which agent harnesses export the id of their run, the first that is set. What Codex calls a thread is that
 * of a sub-agent in one; its hooks name the session.
 */
const HARNESS_SESSIONS: readonly { readonly harness: string; readonly variables: readonly string[] }[] = [
  { harness: 'claude-code', variables: ['CLAUDE_CODE_SESSION_ID'] },
  { harness: 'codex', variables: ['CODEX_SESSION_ID', 'CODEX_THREAD_ID'] },
  { harness: 'gemini', variables: ['GEMINI_SESSION_ID'] },
];

/**
 * The id of an agent that nobody has named: after its harness and all of its session's id. A part of that may be the time,
 * or the machine, and the same for two that start together.
 */
export function nameAfter(harness: string, session: string): string {
  return `${harness}-${fingerprint(session)}`;
}

/** Whether somebody named the agent in the run of a harness, which would have called it otherwise. */
export function isNamedInHarness(env: Environment, { agent, session }: Identity): boolean {
  return harnessRuns(env).some(({ harness, id }) => id === session && nameAfter(harness, id) !== agent);
}

const SESSION_ID = /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$/;

const HOW_TO_SET = `say who you are: --agent ID, or export COORD_AGENT=ID, or ${form('session start --agent ID')}`;

/** @throws CoordError `usage` when the text is not an agent id. */
export function checkAgentId(id: string): string {
  if (isAgentId(id)) return id;
  throw usage(
    `not an agent id: ${JSON.stringify(id.slice(0, 80))}`,
    'use 1 to 64 letters, digits and . _ @ + - and start with a letter or a digit',
  );
}

export function isSessionId(id: string): boolean {
  return SESSION_ID.test(id);
}

/** @throws CoordError `usage` when the text is not a session id. */
function checkSessionId(id: string): string {
  if (isSessionId(id)) return id;
  throw usage(`not a session id: ${JSON.stringify(id.slice(0, 80))}`, 'use 1 to 128 letters, digits and . _ : @ + -');
}

/**
 * Who acts: `--agent`, else `COORD_AGENT`, else the run that the harness exports, else the one session recorded for
 * this worktree. A session id that is exported stands for the agent whose session was started under that id. Never
 * a guess, never a shared default.
 * @throws CoordError `usage` with the candidates when there is none, or more than one.
 */
export function resolveIdentity(flag: string | undefined, env: Environment, recorded: Recorded): Identity {
  const named = flag ?? nonEmpty(env.COORD_AGENT);
  const candidates = named === undefined ? findCandidates(env, recorded) : [checkAgentId(named)];
  const [agent] = candidates;
  if (agent === undefined) throw usage('no agent id: coord does not guess who you are', HOW_TO_SET, { candidates });
  if (candidates.length > 1) {
    throw usage(`more than one agent could be meant: ${candidates.join(', ')}`, HOW_TO_SET, { candidates });
  }
  return { agent, session: resolveSession(agent, env, recorded) };
}

/** As {@link resolveIdentity}, but null where it would refuse. */
export function identityIfKnown(flag: string | undefined, env: Environment, recorded: Recorded): Identity | null {
  try {
    return resolveIdentity(flag, env, recorded);
  } catch {
    return null;
  }
}

function findCandidates(env: Environment, recorded: Recorded): string[] {
  const { agentOf } = recorded;
  const named = nonEmpty(env.COORD_SESSION);
  const explicit = named === undefined ? null : agentOf(named);
  if (explicit !== null) return [explicit];
  const exported = harnessRuns(env).map(({ harness, id }) => agentOf(id) ?? nameAfter(harness, id));
  const found = exported.length > 0 ? exported : recorded.here.map(({ agent }) => agent);
  return [...new Set(found)];
}

function resolveSession(agent: string, env: Environment, recorded: Recorded): string | null {
  const explicit = nonEmpty(env.COORD_SESSION);
  if (explicit !== undefined) return checkSessionId(explicit);
  const [run] = harnessRuns(env);
  if (run) return run.id;
  return recorded.here.find((candidate) => candidate.agent === agent)?.session ?? null;
}

/** Whether an agent harness has exported its run. */
function ranByHarness(env: Environment): boolean {
  return harnessRuns(env).length > 0;
}

/** The harnesses that have exported their run. */
export function harnessesIn(env: Environment): string[] {
  return harnessRuns(env).map(({ harness }) => harness);
}

function harnessRuns(env: Environment): { readonly harness: string; readonly id: string }[] {
  return HARNESS_SESSIONS.flatMap(({ harness, variables }) => {
    const id = variables.map((variable) => nonEmpty(env[variable])).find((value) => value !== undefined);
    return id !== undefined && SESSION_ID.test(id) ? [{ harness, id }] : [];
  });
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

/** Variables that agent harnesses set for the commands that they run. */
const HARNESS_MARKS = ['CLAUDECODE', 'GEMINI_CLI', 'CURSOR_AGENT', 'COORD_AGENT', 'COORD_SESSION'] as const;

/**
 * Whether a person seems to type: at a terminal, with no sign of an agent in the environment. An agent that wants to can
 * pretend to be one; this keeps honest agents to their roles, and is no security.
 */
export function isPerson(host: Pick<Host, 'interactive' | 'stdout' | 'env'>): boolean {
  const { interactive, stdout, env } = host;
  if (!interactive || stdout.isTTY !== true) return false;
  return hasNoHarness(env);
}

/** Whether nothing in the environment tells of an agent. */
export function hasNoHarness(env: Environment): boolean {
  return !ranByHarness(env) && HARNESS_MARKS.every((name) => (env[name] ?? '') === '');
}
