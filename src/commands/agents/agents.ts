import { groundOf } from '../../domain/claims/conflicts.js';
import { isLive } from '../../domain/claims/leases.js';
import type { Agent, Claim, Kill } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { isTaskTarget } from '../../domain/tasks/task.js';
import { oneLine, shorten } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { usage } from '../../errors.js';
import { waitsText } from '../../render/claims.js';
import { clock, table } from '../../render/format.js';
import { refusalError } from '../../render/refusals.js';
import type { Style } from '../../render/style.js';
import { transact } from '../../store/swap/transact.js';
import { isPerson } from '../../workspace/identity.js';
import { readText, requiredReason } from '../input.js';
import type { Input, Verb } from '../verb.js';

export const agents: Verb = {
  options: [['--no-fetch', 'do not fetch; use what this clone has']],
  examples: [['coord agent list', 'who has written here, what each does, and how much it holds']],
  notes: ['"Seen" is the last write, to within five minutes: reading leaves no trace.'],
  answers: { agents: 'Agent[]', now: 'instant', reach: 'text' },
  async run(context, input) {
    const store = await context.store();
    if (!input.negated('fetch')) await store.latest();
    const state = await store.view();
    const now = context.now();
    const live = state.claims.filter((claim) => isLive(claim, now));
    const rows = state.agents.map((agent) => {
      const claims = live.filter((claim) => claim.agent === agent.id);
      const tasks = claims.filter((claim) => isTaskTarget(groundOf(claim))).flatMap((claim) => claim.tasks);
      return { ...agent, claims, tasks };
    });
    return { data: { agents: rows, now, reach: store.reach }, text: (style) => agentsLines(rows, now, style) };
  },
};

export const agentKill: Verb = {
  arguments: [['<id>', 'the agent to stop']],
  options: [['-r, --reason <text>', 'why; the agent is told why']],
  examples: [['coord agent kill noor --reason "edits the wrong branch"', 'revoke all its claims; it may only read']],
  notes: ['Only an orchestrator or a person at a terminal may. It is coordination, not security: it stops no process.'],
  answers: { agent: 'Agent', revoked: 'object[]', waiters: 'object[]', changed: 'boolean' },
  async run(context, input) {
    const reason = requiredReason(input.text('reason'), 'the agent is told why');
    const store = await context.store();
    // Stopped or not is decided on what is so now, even where nothing is to be written.
    await store.latest();
    const decision = await transact(
      store,
      {
        kind: 'kill',
        ...(await context.requestBase()),
        victim: input.argument(0) ?? '',
        reason,
        person: isPerson(context.host),
      },
      context.effects,
    );
    const now = context.now();
    if (!decision.ok) return refusalError(decision.refusal, now);
    const { result } = decision;
    return { data: result, text: (style) => killedLines(result, !result.changed, now, style) };
  },
};

export const agentRevive: Verb = {
  arguments: [['<id>', 'the agent that was stopped']],
  examples: [['coord agent revive noor', 'let it act again; what it held stays lost']],
  notes: ['Only an orchestrator or a person at a terminal may.'],
  answers: { agent: 'Agent', changed: 'boolean' },
  async run(context, input) {
    const store = await context.store();
    // Stopped or not is decided on what is so now, even where nothing is to be written.
    await store.latest();
    const decision = await transact(
      store,
      {
        kind: 'revive',
        ...(await context.requestBase()),
        victim: input.argument(0) ?? '',
        person: isPerson(context.host),
      },
      context.effects,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { agent, changed } = decision.result;
    return {
      data: { agent, changed },
      text: (style) =>
        changed ? `${style.good('revived')} ${agent.id}; it holds nothing` : `${agent.id} is not stopped`,
    };
  },
};

const LONGEST_STATE = 500;

export const state: Verb = {
  arguments: [['[text]', 'what you are doing; printed when left out']],
  options: [['--clear', 'clear it']],
  examples: [
    ['coord agent state "moving pagination into the query layer"', 'others see it in coord agent list'],
    ['coord agent state', 'what you said last'],
  ],
  notes: [
    'It says what you are doing now, and is overwritten; for a record use coord note --kind state. It grants nothing.',
  ],
  answers: { agent: 'text', state: 'text | null', reach: "'clone' | 'remote'" },
  async run(context, input) {
    const text = readState(input);
    const base = await context.requestBase();
    const store = await context.store();
    if (text === undefined) {
      const said = (await store.view()).agents.find(({ id }) => id === base.agent)?.state ?? null;
      return {
        data: {
          agent: base.agent,
          state: said,
          reach: (await context.stores.isHere('set-state', base.agent)) ? 'clone' : store.reach,
        },
        text: () => (said === null ? 'no state' : oneLine(said)),
      };
    }
    const request = { kind: 'set-state' as const, ...base, text };
    const { answer, reach, waitsFor } = await context.stores.decideLater(request);
    if (!answer.ok) return refusalError(answer.refusal, context.now());
    const what = (style: Style) => (text === null ? style.good('cleared') : `${style.good('state')} ${oneLine(text)}`);
    return { data: { agent: base.agent, state: text, reach }, text: (style) => `${what(style)}${waitsText(waitsFor)}` };
  },
};

/** null clears it, undefined asks for it. */
function readState(input: Input): string | null | undefined {
  const text = input.argument(0);
  if (!input.flag('clear')) return text === undefined ? undefined : readText('the state', text, LONGEST_STATE);
  if (text !== undefined) throw usage('a text and --clear cannot be used together', 'use one');
  return null;
}

export interface AgentRow extends Agent {
  /** Its live claims. */
  readonly claims: readonly Claim[];
  /** Ids of the tasks that it has. */
  readonly tasks: readonly string[];
}

const WIDEST_STATE = 60;
const SHOWN_OF_ID = 8;

/** The table of agents, then why the stopped ones were stopped. */
function agentsLines(agents: readonly AgentRow[], now: Instant, style: Style): string[] {
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

function killedLines(
  result: { readonly agent: { readonly id: string; readonly killed: Kill | null }; readonly revoked: readonly Claim[] },
  already: boolean,
  now: Instant,
  style: Style,
): string[] {
  const { id, killed } = result.agent;
  const reason = oneLine(killed?.reason ?? '');
  if (already) return [`${id} was stopped already, by ${killed?.by} at ${clock(killed?.at ?? now, now)}: ${reason}`];
  const revoked = result.revoked.map(
    (claim) => `revoked ${style.target(oneLine(claim.target))} · token ${claim.token}`,
  );
  return [
    `${style.bad('stopped')} ${id}: ${reason}`,
    ...revoked,
    `it may only read until: ${coord(`agent revive ${id}`)}`,
  ];
}
