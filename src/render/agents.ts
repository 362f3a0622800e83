import type { Agent, Claim, Kill } from '../domain/model.js';
import { coord } from '../domain/suggestion.js';
import { oneLine, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { clock, table } from './format.js';
import type { Style } from './style.js';

export interface AgentRow extends Agent {
  /** Its live claims. */
  readonly claims: readonly Claim[];
  /** Ids of the tasks that it has. */
  readonly tasks: readonly string[];
}

const WIDEST_STATE = 60;
const SHOWN_OF_ID = 8;

/** The table of agents, then why the stopped ones were stopped. */
export function agentsLines(agents: readonly AgentRow[], now: Instant, style: Style): string[] {
  if (agents.length === 0) return ['no agent has written here yet'];
  const rows = agents.map((agent) => [
    agent.id,
    agent.killed ? `${agent.role}, stopped` : agent.role,
    agent.session?.slice(0, SHOWN_OF_ID) ?? '-',
    `${formatDuration(secondsBetween(agent.lastSeen, now))} ago`,
    String(agent.claims.length),
    agent.tasks.join(' ') || '-',
    agent.rules?.slice(0, SHOWN_OF_ID) ?? '-',
    shorten(oneLine(agent.state ?? ''), WIDEST_STATE),
  ]);
  const [head, ...body] = table([['AGENT', 'ROLE', 'SESSION', 'SEEN', 'CLAIMS', 'TASKS', 'RULES', 'DOES'], ...rows]);
  const stopped = agents.flatMap(({ id, killed }) => (killed ? [killLine(id, killed, now)] : []));
  return [style.dim(head ?? ''), ...body, ...stopped.map((line) => style.bad(line))];
}

function killLine(id: string, kill: Kill, now: Instant): string {
  return `stopped: ${id}, by ${kill.by} at ${clock(kill.at, now)}: ${oneLine(kill.reason)}`;
}

export function killedLines(
  result: { readonly agent: { readonly id: string; readonly killed: Kill | null }; readonly revoked: readonly Claim[] },
  already: boolean,
  now: Instant,
  style: Style,
): string[] {
  const { id, killed } = result.agent;
  const reason = oneLine(killed?.reason ?? '');
  if (already) return [`${id} is stopped already, by ${killed?.by} since ${clock(killed?.at ?? now, now)}: ${reason}`];
  const revoked = result.revoked.map(
    (claim) => `revoked ${style.target(oneLine(claim.target))} · token ${claim.token}`,
  );
  return [
    `${style.bad('stopped')} ${id}: ${reason}`,
    ...revoked,
    `it may only read until: ${coord(`agent revive ${id}`)}`,
  ];
}
