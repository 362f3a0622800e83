import { appendFileSync } from 'node:fs';
import { findAgent } from '../../domain/agents/agents.js';
import type { State } from '../../domain/model.js';
import { asTyped, form, quotedForScript, type Standpoint } from '../../domain/suggestion.js';
import { secondsBetween } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { textOf } from '../../git/if-there.js';
import { starterMark } from '../../git/process-mark.js';
import { type Answer, type Dialect, SILENCE } from '../../guards/harness/dialects.js';
import { harnessMessage } from '../../render/guard/refusals.js';
import { loadStyle } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';
import { isSessionId } from '../../workspace/identity.js';
import { asCoordError } from '../perform.js';
import { rulesList } from '../rules/rules.js';
import { sessionEnd } from '../session/end.js';
import { sessionStart } from '../session/start.js';
import { Input, type Outcome } from '../verb.js';
import { type Actor, contextFor, repositoryAt, standpointOf } from './actor.js';
import { coordinationOf } from './judge.js';

/** Where harnesses say which project they work in, should their current directory be elsewhere. */
const PROJECT_VARIABLES = ['CLAUDE_PROJECT_DIR', 'GEMINI_PROJECT_DIR', 'CURSOR_PROJECT_DIR'];

/**
 * Starts the session that the harness has begun, or goes on with it after a compaction, and gives the rules and the briefing
 * to the model. Never stops the harness.
 */
export async function openSession(actor: Actor, dialect: Dialect): Promise<Answer> {
  const place = placeOf(actor);
  if (place === null) return SILENCE;
  const known = await coordinationOf(contextFor(actor, place)).catch(asCoordError);
  if (known === null) return SILENCE;
  const state = known instanceof CoordError || known.state instanceof CoordError ? null : known.state;
  const context = contextFor(actor, place);
  const outcome = await started(actor, context);
  const { agent, session } = actor;
  const isStarted = !(outcome instanceof CoordError) && agent !== null && session !== null;
  const process = isStarted ? starterMark() : null;
  // What else this harness starts, such as a server of tools, is told neither agent nor session.
  if (isStarted && process !== null) context.sessions.add({ agent, session, process });
  if (isStarted && state !== null) forgetEnded(context, state, agent);
  const failed = isStarted ? exportIdentity(actor, agent, session) : null;
  const text = await wordsOf(actor, context, outcome);
  const answer = dialect.open({ text, agent: isStarted ? agent : null, session: isStarted ? session : null });
  return failed === null ? answer : { ...answer, stderr: `coord: ${failed}\n` };
}

/** Ends the session: gives back what is finished, keeps what has uncommitted work, and says so. */
export async function closeSession(actor: Actor, dialect: Dialect): Promise<Answer> {
  const place = placeOf(actor);
  if (place === null || actor.session === null || !isSessionId(actor.session)) return SILENCE;
  const context = contextFor(actor, place);
  if ((await coordinationOf(context).catch(asCoordError)) === null) return SILENCE;
  const outcome = await sessionEnd.run(context, new Input([], {})).catch(asCoordError);
  return dialect.tell(await linesOf(outcome, standpointOf(actor, context)));
}

/** A directory of the repository that the harness works in; null when it works in none. */
function placeOf({ directory, host }: Actor): string | null {
  const named = PROJECT_VARIABLES.flatMap((name) => host.env[name] ?? []);
  return [directory, ...named].find((place) => place !== '' && repositoryAt(place) !== null) ?? null;
}

async function started({ session }: Actor, context: Context): Promise<Outcome> {
  if (session !== null && !isSessionId(session)) {
    return usage(
      'the session id that the harness sent is not one that coord can use',
      form('session start --agent ID'),
    );
  }
  return sessionStart.run(context, new Input([], {})).catch(asCoordError);
}

/** What the model reads. Without the remote there is no session, but there are rules. */
async function wordsOf(actor: Actor, context: Context, outcome: Outcome): Promise<string> {
  const standpoint = standpointOf(actor, context);
  if (!(outcome instanceof CoordError)) return linesOf(outcome, standpoint);
  const rules = await rulesList.run(context, new Input([], {})).catch(asCoordError);
  const lines = rules instanceof CoordError ? [] : [await linesOf(rules, standpoint)];
  return [...lines, await linesOf(outcome, standpoint)].join('\n');
}

async function linesOf(outcome: Outcome, standpoint: Standpoint): Promise<string> {
  if (outcome instanceof CoordError) return harnessMessage(outcome, standpoint);
  const lines = [outcome.text(await loadStyle(false))].flat();
  return [...lines, ...(outcome.warnings ?? []).map((text) => `warning: ${text}`)]
    .map((line) => asTyped(line, standpoint))
    .join('\n');
}

/**
 * Claude Code runs the lines of this file before each shell command of the agent.
 * @returns why it could not be written; null when it was, or there is none
 */
function exportIdentity({ harness, host }: Actor, agent: string, session: string): string | null {
  const file = host.env.CLAUDE_ENV_FILE;
  if (harness !== 'claude-code' || !file) return null;
  const lines = `export COORD_AGENT=${quotedForScript(agent)}\nexport COORD_SESSION=${quotedForScript(session)}\n`;
  try {
    const before = textOf(file);
    if (before.endsWith(lines)) return null;
    appendFileSync(file, before === '' || before.endsWith('\n') ? lines : `\n${lines}`);
    return null;
  } catch (error) {
    return `the file that CLAUDE_ENV_FILE names could not be written: ${(error as Error).message}`;
  }
}

const FORGOTTEN_AFTER_SECONDS = 86_400;

/** Some harnesses never say that a session has ended: those of yesterday that hold nothing are nobody's here any more. */
function forgetEnded(context: Context, state: State, agent: string): void {
  for (const recorded of context.sessions.list()) {
    const known = findAgent(state, recorded.agent);
    const isHolding = state.claims.some((claim) => claim.agent === recorded.agent);
    const isOver =
      known !== undefined &&
      (known.session === null || secondsBetween(known.lastSeen, context.now()) > FORGOTTEN_AFTER_SECONDS);
    if (recorded.agent !== agent && isOver && !isHolding) context.sessions.remove(recorded.agent);
  }
}
