import { CoordError } from '../../errors.js';
import { discoverRepository, type Repository } from '../../git/repository.js';
import type { Harness, HarnessCall } from '../../guards/harness/dialects.js';
import { agentOfSession } from '../../store/cache/local-sessions.js';
import { Context } from '../../workspace/context.js';
import type { Host } from '../../workspace/host.js';
import { isSessionId, nameAfter } from '../../workspace/identity.js';

/** Who a harness acts for, and where it works. */
export interface Actor {
  readonly host: Host;
  readonly harness: Harness;
  /** Absolute. */
  readonly directory: string;
  /** null: it was not exported, and the harness has told no session. */
  readonly agent: string | null;
  readonly session: string | null;
}

/**
 * The agent that `COORD_AGENT` names, else the one whose session is recorded under the harness's id, else one named after
 * the harness and its session, as the agent's own commands would be. The session is always the harness's, so that two
 * harnesses in one worktree are two agents.
 */
export function actorOf(host: Host, harness: Harness, { session, directory }: HarnessCall): Actor {
  const at = directory ?? host.cwd;
  const repository = repositoryAt(at);
  const agentOf = (id: string) => (repository === null ? null : agentOfSession(repository, id));
  return { host, harness, directory: at, agent: agentIn(host.env, harness, session, agentOf), session };
}

/** @param agentOf the agent whose session is recorded under an id */
export function agentIn(
  env: Host['env'],
  harness: Harness,
  session: string | null,
  agentOf: (session: string) => string | null,
): string | null {
  if (env.COORD_AGENT) return env.COORD_AGENT;
  return session === null ? null : (agentOf(session) ?? nameAfter(harness, session));
}

/** The environment of a command that this agent runs. */
export function environmentOf(env: Host['env'], { agent, session }: Pick<Actor, 'agent' | 'session'>): Host['env'] {
  return {
    ...env,
    ...(agent === null ? {} : { COORD_AGENT: agent }),
    ...(session === null || !isSessionId(session) ? {} : { COORD_SESSION: session }),
  };
}

/** The repository that a directory is in; null when it is in none. */
export function repositoryAt(directory: string): Repository | null {
  try {
    return discoverRepository(directory);
  } catch (error) {
    if (error instanceof CoordError) return null;
    throw error;
  }
}

/** What a command would be given that this agent runs in a directory. */
export function contextFor({ host, agent, session }: Actor, directory: string): Context {
  const env = environmentOf(host.env, { agent, session });
  const own: Host = Object.create(host, {
    cwd: { value: directory },
    env: { value: env },
    // A harness is no person, whatever its standard input is.
    interactive: { value: false },
  });
  const context = new Context(own, { json: false, agent: undefined });
  context.isGuard = true;
  return context;
}

/** In the harness's own directory where that is in the worktree, so that what is suggested can be pasted there. */
export function contextAt(actor: Actor, root: string): Context {
  const own = repositoryAt(actor.directory);
  return contextFor(actor, own?.root === root ? actor.directory : root);
}

/** Cursor exports no session to the commands of its agent, so they have to say who they are. */
export function standpointOf({ harness, agent }: Actor, { atRoot }: Context) {
  return { atRoot, agent: harness === 'cursor' && agent !== null ? agent : undefined };
}
