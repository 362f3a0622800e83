import { isAgentId } from '../domain/agents/agents.js';
import { coord } from '../domain/suggestion.js';
import { usage } from '../errors.js';
import type { Environment } from '../git/run.js';
import type { Host } from './host.js';

export interface Identity {
  readonly agent: string;
  /** null when no session is known. */
  readonly session: string | null;
}

/** A session that `coord session start` recorded for this worktree. */
export interface RecordedSession {
  readonly agent: string;
  readonly session: string;
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

/** Harnesses whose ids begin with the time: two that start together differ only at the end. */
const TIME_FIRST = ['codex', 'opencode'];

/** The id of an agent that nobody has named: after its harness, and what tells its session from others. */
export function nameAfter(harness: string, session: string): string {
  return `${harness}-${TIME_FIRST.includes(harness) ? session.slice(-8) : session.slice(0, 8)}`;
}

const SESSION_ID = /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$/;

const HOW_TO_SET = `say who you are: --agent ID, or export COORD_AGENT=ID, or ${coord('session start --agent ID')}`;

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
export function checkSessionId(id: string): string {
  if (isSessionId(id)) return id;
  throw usage(`not a session id: ${JSON.stringify(id.slice(0, 80))}`, 'use 1 to 128 letters, digits and . _ : @ + -');
}

/**
 * Who acts: `--agent`, else `COORD_AGENT`, else the run that the harness exports, else the one session recorded for
 * this worktree. A session id that is exported stands for the agent whose session was started here under that id. Never
 * a guess, never a shared default.
 * @throws CoordError `usage` with the candidates when there is none, or more than one.
 */
export function resolveIdentity(
  flag: string | undefined,
  env: Environment,
  recorded: readonly RecordedSession[],
): Identity {
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
export function identityIfKnown(
  flag: string | undefined,
  env: Environment,
  recorded: readonly RecordedSession[],
): Identity | null {
  try {
    return resolveIdentity(flag, env, recorded);
  } catch {
    return null;
  }
}

function findCandidates(env: Environment, recorded: readonly RecordedSession[]): string[] {
  const started = (id: string | undefined) => recorded.find(({ session }) => session === id)?.agent;
  const explicit = started(nonEmpty(env.COORD_SESSION));
  if (explicit !== undefined) return [explicit];
  const exported = harnessRuns(env).map(({ harness, id }) => started(id) ?? nameAfter(harness, id));
  const found = exported.length > 0 ? exported : recorded.map(({ agent }) => agent);
  return [...new Set(found)];
}

function resolveSession(agent: string, env: Environment, recorded: readonly RecordedSession[]): string | null {
  const explicit = nonEmpty(env.COORD_SESSION);
  if (explicit !== undefined) return checkSessionId(explicit);
  const [run] = harnessRuns(env);
  if (run) return run.id;
  return recorded.find((candidate) => candidate.agent === agent)?.session ?? null;
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
