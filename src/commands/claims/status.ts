import type { Target } from '../../domain/ground/targets.js';
import { coord, form } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import { MOST_CLAIMS, statusAnswer } from '../../render/status.js';
import { REMOTE_POLL_MS } from '../../store/queue/watch.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { readTargets, readWait, TARGET_OPTIONS } from '../input.js';
import { openNotes } from '../session/standing.js';
import type { Input, Success, Verb } from '../verb.js';

export const status: Verb = {
  arguments: [['[target...]', 'only what overlaps these']],
  options: [
    ['--mine', 'only yours'],
    ['--all', 'all of them; without it, 200 claims are shown'],
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
    intents: ['Note[]', 'what others say that they intend to do there'],
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
  const agent = context.identityIfKnown()?.agent ?? null;
  if (input.flag('mine')) context.identity();
  const { remote } = await context.config();
  const tasks = state.tasks.tasks.length === 0 ? null : (await protectedConfig(context)).config.tasks;
  const log = await store.read(['log']).then(
    (one) => one.state.notes,
    () => [],
  );
  return statusAnswer(state, {
    log,
    ...{ agent, targets, mine: input.flag('mine'), now: context.now(), policy: await context.policy(agent ?? '') },
    ...{ reach: store.reach, askedAt: store.askedAt, tasks },
    notes: agent === null || !asksAll ? [] : ((await openNotes(store, agent)) ?? []),
    most: input.flag('all') ? Number.POSITIVE_INFINITY : MOST_CLAIMS,
    staleOf: store.reach === 'remote' && input.negated('fetch') ? remote : null,
  });
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
