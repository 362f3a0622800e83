import { type Need, needsOf } from '../../domain/agents/needs.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { isOffered } from '../../domain/claims/handoff.js';
import { type ClockDispute, clockDispute, isLive } from '../../domain/claims/leases.js';
import { overlaps } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import type { Target } from '../../domain/ground/targets.js';
import type { State, Waiter } from '../../domain/model.js';
import type { ClockReport, RunningDeploy, StatusReport } from '../../domain/status.js';
import { coord, form } from '../../domain/suggestion.js';
import type { TaskView } from '../../domain/tasks/standing.js';
import { oneLine, shorten } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { offlineLine } from '../../render/claims.js';
import { clock, shortCommit, table, timeLeft } from '../../render/format.js';
import { intentLines } from '../../render/notes.js';
import type { Style } from '../../render/style.js';
import { REMOTE_POLL_MS } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { readTargets, readWait, TARGET_OPTIONS } from '../input.js';
import { intentsHere, openNotes } from '../session/standing.js';
import { tasksNow } from '../tasks/tasks.js';
import type { Input, Success, Verb } from '../verb.js';

export const status: Verb = {
  arguments: [['[target...]', 'only what overlaps these']],
  options: [
    ['--mine', 'only yours'],
    ['--watch', 'show it again at each change, until you stop it'],
    ['--wait [duration]', 'wait your turn, first come, first served; claims nothing when all is free'],
    ['--shared', 'read only; with --wait, until they may be read'],
    ['--no-fetch', 'do not fetch; use what this clone has, and say how old it is'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord status', 'who is where, what waits, what is deployed, and what needs you'],
    ['coord status --watch', 'the same, for as long as you look'],
    ['coord status src/api', 'who holds any of it'],
    ['coord status src/api --wait=5m && make check', 'wait until it is free'],
  ],
  answers: {
    claims: 'Claim[]',
    waiters: 'Waiter[]',
    agents: 'Agent[]',
    tasks: ['Task[]', 'those that are not over'],
    deployments: ['object[]', 'what runs where'],
    intents: ['Note[]', 'what others noted that they are about to do there'],
    agent: ['text | null', 'who asks'],
    needs: ['object[]', 'what waits for whoever asks'],
    now: 'instant',
    reach: "'clone' | 'remote'",
    'fetchedAt?': 'instant | null',
    clock: 'object',
  },
  async run(context, input) {
    const targets = await readTargets(context, input, input.list(0));
    const refused = await waitUntilFree(context, input, targets);
    if (refused) return refused;
    const store = await context.store();
    if (input.flag('watch')) {
      const { watchScreen } = await import('../watch.js');
      // Another clone cannot wake this one; and times that are left go down, though nobody writes.
      const longestMs = store.reach === 'remote' && !input.negated('fetch') ? REMOTE_POLL_MS : REDRAW_MS;
      return watchScreen(context, 'status', longestMs, () => look(context, input, store, targets));
    }
    return look(context, input, store, targets);
  },
};

const REDRAW_MS = 30_000;

/** The parts of the state beside claims and agents that are shown, of all or of some targets. */
const ALL_PARTS = ['tasks', 'deployments', 'submissions'] as const;
const PARTS_OF_TARGETS = ['tasks'] as const;

async function look(context: Context, input: Input, store: GitStore, targets: readonly Target[]): Promise<Success> {
  const asksAll = targets.length === 0;
  const parts = asksAll ? ALL_PARTS : PARTS_OF_TARGETS;
  const { state: known } = input.negated('fetch') ? await store.read(parts) : await store.latest(parts);
  const state = await context.stores.withRiders(known);
  const now = context.now();
  const identity = context.identityIfKnown();
  const mine = input.flag('mine') ? context.identity().agent : null;
  const options = { foldCase: context.repository.foldsCase };
  const asked = (ground: readonly Target[], agent: string | null) =>
    (mine === null || agent === mine) &&
    (asksAll || targets.some((target) => ground.some((one) => overlaps(target, one, options))));
  const claims = state.claims.filter((claim) => asked([groundOf(claim)], claim.agent));
  const waiters = state.waiters.filter((waiter) => asked(waiter.targets, waiter.agent));
  const tasks = state.tasks.tasks.length === 0 ? [] : await tasksNow(context, state);
  const report: StatusReport = {
    agent: identity?.agent ?? null,
    claims,
    waiters,
    agents: state.agents,
    tasks: tasks.filter(
      (task) => !['done', 'dropped'].includes(task.state) && asked(task.scope.map(patternTarget), task.agent),
    ),
    deployments: asksAll && mine === null ? running(state) : [],
    intents: await intentsHere(context, store, (target) => asked([target], null)),
    needs: asksAll ? await needs(context, store, state, tasks, identity?.agent ?? null) : [],
    now,
    reach: store.reach,
    fetchedAt: store.reach === 'remote' ? store.askedAt : now,
    clock: clockOf(clockDispute(state, await context.policy(mine ?? 'anyone'), now, identity?.agent ?? null), now),
  };
  const { remote } = await context.config();
  const isStale = store.reach === 'remote' && input.negated('fetch');
  return {
    // Made only for machines: with thousands of claims it takes longer than the table.
    get data() {
      return { ...report, claims: claims.map((claim) => ({ ...claim, expired: !isLive(claim, now) })) };
    },
    text: (style) => statusLines(report, style),
    warnings: isStale ? [staleWarning(remote, report.fetchedAt, now)] : [],
  };
}

/** What runs on each deploy target, as far as it was seen. */
function running({ deployments }: State): RunningDeploy[] {
  return deployments.targets.flatMap(({ target, live }) =>
    live === null ? [] : [{ target, commit: live.commit, agent: live.agent, at: live.at }],
  );
}

async function needs(
  context: Context,
  store: GitStore,
  state: State,
  tasks: readonly TaskView[],
  agent: string | null,
): Promise<Need[]> {
  const notes = agent === null ? [] : ((await openNotes(store, agent)) ?? []);
  return needsOf(state, { agent, notes, tasks }, context.now());
}

/** With `--wait`, returns once the targets are free, and nothing; else the refusal, or that the time is over. */
async function waitUntilFree(context: Context, input: Input, targets: readonly Target[]): Promise<CoordError | null> {
  const seconds = readWait(input, await context.config());
  if (seconds === null) {
    if (input.flag('shared'))
      throw usage(
        '--shared is for --wait',
        `${form('status TARGET --wait --shared')}; examples: ${coord('help status')}`,
      );
    return null;
  }
  if (targets.length === 0)
    throw usage('--wait needs targets', `${form('status TARGET --wait')}; examples: ${coord('help status')}`);
  if (input.negated('fetch')) throw usage('--wait and --no-fetch cannot be used together', 'use one');
  const { claimRequest } = await import('./claim-request.js');
  const { waitForTurn } = await import('../waiting/queueing.js');
  const store = await context.store();
  const request = await claimRequest(context, input, store, targets);
  const result = await waitForTurn(context, store, request, { seconds, passive: true });
  return result instanceof CoordError ? result : null;
}

/** How this host's clock stands to the stamps in the state; one that runs ahead cannot be told. */
function clockOf(dispute: ClockDispute | null, now: Instant): ClockReport {
  if (dispute === null) return { agrees: true, newestStamp: null, behindSeconds: 0, ahead: [], wrong: null };
  const { stamp, ahead, wrong } = dispute;
  return { agrees: false, newestStamp: stamp, behindSeconds: secondsBetween(now, stamp), ahead, wrong };
}

const WIDEST_TARGET = 48;
const WIDEST_REASON = 40;
const MOST_TASKS = 10;

/** What needs the reader, the table of claims, who waits, tasks, deploys, and who was stopped. */
function statusLines(report: StatusReport, style: Style): string[] {
  const { claims, waiters, agents, tasks, deployments, needs, now, clock: hostClock } = report;
  const rows = claims.map((claim) => [
    shorten(oneLine(claim.target), WIDEST_TARGET),
    claim.agent,
    claim.mode,
    timeLeft(claim.expiresAt, now),
    clock(claim.acquiredAt, now),
    shorten(oneLine(claim.reason ?? ''), WIDEST_REASON),
  ]);
  const [head, ...body] = table([['TARGET', 'HOLDER', 'MODE', 'LEFT', 'SINCE', 'WHY'], ...rows]);
  const offered = claims.filter((claim) => isOffered(claim, null, now) && claim.offer?.to !== report.agent);
  const killed = agents.filter((agent) => agent.killed !== null);
  return [
    ...needs.map((need) => `${style.warn('needs you:')} ${need.what} (${ago(need.since, now)}): ${need.next}`),
    ...(claims.length === 0 ? ['no claims'] : [style.dim(head ?? ''), ...body]),
    ...waiters.map((waiter, index) => waiterLine(waiter, index, now)),
    ...intentLines(report.intents, now),
    ...taskSection(tasks),
    ...deployments.map(
      ({ target, commit, agent, at }) =>
        `deployed: ${target} runs ${shortCommit(commit)} (by ${agent}, ${ago(at, now)} ago)`,
    ),
    ...offered.map(
      (claim) =>
        `offered: ${oneLine(claim.target)} → ${claim.offer?.to} (by ${claim.agent}): ${coord('handoff accept')}`,
    ),
    ...(hostClock.agrees
      ? []
      : [
          style.bad(
            hostClock.wrong === 'there'
              ? `clock: that of ${hostClock.ahead.join(', ')} is ahead by ${formatDuration(hostClock.behindSeconds)}; set it there`
              : `clock: this host's is behind the fleet's by ${formatDuration(hostClock.behindSeconds)}${hostClock.wrong === 'either' ? `, or that of ${hostClock.ahead.join(', ')} is ahead` : ''}; nothing is taken over from here`,
          ),
        ]),
    ...(report.reach === 'remote' ? claims.filter(({ reach }) => reach === 'clone') : []).map(offlineLine),
    ...killed.map((agent) =>
      style.bad(`stopped: ${agent.id}, by ${agent.killed?.by}: ${oneLine(agent.killed?.reason ?? '')}`),
    ),
  ];
}

function taskSection(tasks: readonly TaskView[]): string[] {
  const more = tasks.length - MOST_TASKS;
  return [
    ...tasks.slice(0, MOST_TASKS).map((task) => {
      const who = task.agent === null ? '' : ` ${task.agent}`;
      const how = task.stuck
        ? 'stuck'
        : task.blockedBy.length > 0
          ? `after ${task.blockedBy.join(', ')}`
          : task.ready
            ? 'ready'
            : task.state;
      return `task: ${task.id} ${shorten(oneLine(task.title), WIDEST_TARGET)} (${how}${who})`;
    }),
    ...(more > 0 ? [`and ${more} more: ${coord('task list')}`] : []),
  ];
}

function ago(since: Instant, now: Instant): string {
  return formatDuration(Math.max(0, Math.floor(secondsBetween(since, now))));
}

function waiterLine(waiter: Waiter, index: number, now: Instant): string {
  const place = index === 0 ? 'first' : `place ${index + 1}`;
  const targets = waiter.targets.map(({ text }) => oneLine(text)).join(' ');
  return `waiting: ${targets} ← ${waiter.agent} (${place}, ${formatDuration(secondsBetween(waiter.since, now))})`;
}

/** Said when status was not to ask the remote. */
export function staleWarning(remote: string, fetchedAt: Instant | null, now: Instant): string {
  const when = fetchedAt === null ? 'at an unknown time' : `${formatDuration(secondsBetween(fetchedAt, now))} ago`;
  return `this is as ${remote} last told it ${when}; ${coord('status')} asks it again`;
}
