import type { Environment } from './git/run.js';
import type { Host } from './host.js';
import { ranByHarness } from './identity.js';

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
