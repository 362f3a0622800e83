import { sameSession } from '../domain/agents/ownership.js';
import { claimsBy } from '../domain/claims/leases.js';
import { claimsToKeepAlive } from '../domain/claims/release.js';
import type { Agent, Claim, State } from '../domain/model.js';
import { lossNotice, newsOf, untoldLosses } from '../render/notices.js';
import { transact } from '../store/swap/transact.js';
import { asideLines } from './asides.js';
import { tellCollisions } from './collisions.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import { CHANGED_RULES, newerRules, rulesMark } from './rules.js';

/**
 * What the agent must be told after any command: claims that it lost, claims about to expire, a clock that disagrees,
 * notes that wait for its answer, answers to its own.
 * On the way, claims past half of their life are renewed. Best effort: it never fails the command that it follows.
 */
export async function collectNotices(context: Context): Promise<readonly string[]> {
  if (context.isGuard || context.looksOn) return [];
  return [...(await asideLines(context).catch(() => [])), ...(await noticesOfState(context))];
}

/** Of them, what the state and the files of this clone say. */
export async function noticesOfState(context: Context): Promise<readonly string[]> {
  try {
    const store = await context.store();
    if ((await store.tip()) === null) return [];
    // What was asked for offline goes with the next command that asks the remote by itself.
    const isOffline = context.stores.staysOffline || (await store.along()).some(({ asked }) => asked);
    if (!isOffline) await store.deliver(true);
    const identity = context.identityIfKnown();
    if (identity === null) return [];
    const policy = await context.policy(identity.agent);
    const before = await store.read();
    if (policy.watched !== null) context.effects.watch(before.state.claims);
    if (!context.stores.staysOffline && claimsToKeepAlive(before.state, identity, context.now()).length > 0) {
      const request = { kind: 'keep-alive' as const, operation: context.newId(), ...identity, policy };
      await transact(store, request, context.effects).catch(() => undefined);
    }
    const state = await context.stores.withRiders((await store.read(['log']).catch(() => store.read())).state);
    const now = context.now();
    const agent = state.agents.find(({ id }) => id === identity.agent);
    const told = context.seenNotices(identity.agent);
    const rules = (await newerRulesOf(context, agent, identity)).filter((mark) => !told.has(mark));
    const { marks, lines } = newsOf(state, { identity, policy, now, isTold: (mark) => told.has(mark) });
    told.add([...marks, ...rules]);
    const mine = claimsBy(state, identity.agent);
    return [
      ...tellCollisions(context, identity.agent),
      ...rules.map(() => CHANGED_RULES),
      ...(await offlineNotices(context, mine)),
      ...lines,
    ];
  } catch {
    return [];
  }
}

/** The mark of the rules in force, to be told once, where the session of this agent is older than they are. */
async function newerRulesOf(context: Context, agent: Agent | undefined, identity: Identity): Promise<string[]> {
  if (!agent || agent.session === null || !sameSession(agent, identity)) return [];
  const digest = await newerRules(context, agent.rules);
  return digest === null ? [] : [rulesMark(digest)];
}

/** What is not confirmed yet, and what this very command had confirmed. */
async function offlineNotices(context: Context, mine: readonly Claim[]): Promise<string[]> {
  const { share, remote } = await context.config();
  if (!share) return [];
  const { confirmedNotice, namedNotice, offlineNotice } = await import('../render/claims.js');
  const pending = mine.filter(({ reach }) => reach === 'clone');
  const me = context.identityIfKnown()?.agent;
  const own = context.stores.confirmed.filter(({ agent }) => agent === me);
  const named = context.stores.named.filter(({ agent }) => agent === me);
  const refused = context.stores.refused.filter(({ agent }) => agent === me);
  const { refusalError } = refused.length === 0 ? { refusalError: null } : await import('../render/refusals.js');
  return [
    ...own.map((claim) => confirmedNotice(remote, claim)),
    ...named.map((one) => namedNotice(remote, one)),
    ...refused.map(({ what, was, refusal }) => {
      const why = refusalError?.(refusal, context.now()).message.split('\n')[0];
      return `your offline ${what} ${was} was not accepted: ${why}`;
    }),
    ...(pending.length === 0 || context.stores.staysOffline ? [] : [offlineNotice(remote, pending)]),
  ];
}

/** What the agent lost and was not told of yet, in words; it counts as told from then on. */
export function tellLosses(context: Context, identity: Identity, state: State): readonly string[] {
  const told = context.seenNotices(identity.agent);
  const agent = state.agents.find(({ id }) => id === identity.agent);
  const losses = untoldLosses(agent, identity, (mark) => told.has(mark));
  told.add(losses.map(({ claim }) => claim));
  return losses.map((loss) => lossNotice(loss, context.now()));
}
