import { groundOf } from '../domain/conflicts.js';
import { overlaps } from '../domain/ground/index.js';
import { isLive, stampAhead } from '../domain/leases.js';
import type { Claim, Waiter } from '../domain/model.js';
import { type Instant, secondsBetween } from '../domain/time.js';
import { type ClockReport, staleWarning, statusLines } from '../render/status.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import type { Verb } from './verb.js';

export const status: Verb = {
  arguments: [['[target...]', 'only what overlaps these']],
  options: [
    ['--mine', 'only your own claims'],
    ['--no-fetch', 'read what is here, and say from when'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord status', 'all claims, waiters and agents'],
    ['coord status src/api', 'who stands on this ground'],
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const store = await context.store();
    const { state: known } = input.negated('fetch') ? await store.read() : await store.latest();
    const state = await context.stores.withOffline(known);
    const now = context.now();
    const mine = input.flag('mine') ? context.identity().agent : null;
    const options = { foldCase: context.repository.foldsCase };
    const touches = (claim: Claim) =>
      targets.length === 0 || targets.some((target) => overlaps(target, groundOf(claim), options));
    const waits = (waiter: Waiter) =>
      targets.length === 0 ||
      targets.some((target) => waiter.targets.some((wanted) => overlaps(target, wanted, options)));
    const claims = state.claims.filter((claim) => (mine === null || claim.agent === mine) && touches(claim));
    const waiters = state.waiters.filter((waiter) => (mine === null || waiter.agent === mine) && waits(waiter));
    const report = {
      claims,
      waiters,
      agents: state.agents,
      now,
      reach: store.reach,
      fetchedAt: store.reach === 'remote' ? store.askedAt : now,
      clock: clockOf(stampAhead(state, await context.policy(mine ?? 'anyone'), now), now),
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
  },
};

/** How this host's clock stands to the stamps in the state; one that runs ahead cannot be told. */
function clockOf(ahead: Instant | null, now: Instant): ClockReport {
  return { agrees: ahead === null, newestStamp: ahead, behindSeconds: ahead === null ? 0 : secondsBetween(now, ahead) };
}
